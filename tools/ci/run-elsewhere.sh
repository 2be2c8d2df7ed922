#!/bin/sh
# The programs in bin/ start from another folder, through links, and without Node on PATH.
set -eu
bin=$(readlink -f bin)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
for program in penstock model-server; do
  ln -s "$bin/$program" "$elsewhere/direct"
  ln -s "$elsewhere/direct" "$elsewhere/over two links"
  (cd "$elsewhere" && PATH=/usr/bin:/bin './over two links' --help >"$program.help")
  head -n 1 "$elsewhere/$program.help"
  rm "$elsewhere/direct" "$elsewhere/over two links"
done
