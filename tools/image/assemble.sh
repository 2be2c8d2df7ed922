#!/bin/sh
# Lays out the file system of the control plane's image: tools/image/assemble.sh FOLDER
# Node with the libraries that it needs, the built program, the packages that it runs with, and nothing else: no shell,
# no package manager. Run in the built checkout, on the platform that the image is for; equal input, equal output.
set -eu
umask 022
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
root=$1
[ -f dist/cmd/penstock/main.js ] || { echo "$0: dist/ is not there; build first" >&2; exit 1; }
mkdir -p "$root/app" "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/var/lib/penstock"
chmod 1777 "$root/tmp"
chmod 0777 "$root/var/lib/penstock"

node=$(readlink -f "$(command -v node)")
cp "$node" "$root/usr/local/bin/node"
# Each library where the loader looks for it.
ldd "$node" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

cp package.json package-lock.json LICENSE "$root/app/"
cp -R dist "$root/app/dist"
# The model server has an image of its own needs: its runtime and its view of GPUs stay out of this one.
# Not `npm ci`: see tools/install-modules.ts.
(cd "$root/app" && npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
rm -rf "$root/app/node_modules/onnxruntime-node" "$root/app/node_modules/onnxruntime-common" \
  "$root/app/node_modules/koffi" "$root/app/node_modules/.package-lock.json"

printf 'root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
