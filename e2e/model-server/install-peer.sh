#!/bin/sh
# Puts a foreign server that the tests need into a folder's bin/:  install-peer.sh NAME FOLDER
set -eu
name=$1 folder=$2
mkdir -p "$folder"

case $name in
  # An S3-compatible gateway over a folder.
  versitygw) GOBIN=$folder/bin go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 ;;
  # The distribution's packages, unpacked and not installed.
  redis)
    download=$(mktemp -d)
    trap 'rm -rf "$download"' EXIT
    (cd "$download" && apt-get -q download redis-server redis-tools libjemalloc2 liblzf1 liblua5.1-0 lua-cjson lua-bitop)
    for package in "$download"/*.deb; do dpkg -x "$package" "$folder"; done
    ln -sfn usr/bin "$folder/bin"
    ;;
  *) echo "install-peer: no such peer: $name" >&2; exit 1 ;;
esac
