#!/bin/bash
# Images of local files alone, as archives that containerd imports: images.sh FOLDER
#   docker.io/penstock/pause:1   what holds a pod's namespaces
#   docker.io/penstock/node:1    Node, for programs that come in a ConfigMap
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
folder=$1
node=$("$here/../../../tools/run.sh" node -p 'fs.realpathSync(process.execPath)')
mkdir -p "$folder/.pause" "$folder/.node"/{tmp,etc,app,usr/bin}

printf '%s\n' '#include <signal.h>' '#include <unistd.h>' 'static void end(int s) { _exit(0); }' \
  'int main(void) { signal(SIGTERM, end); signal(SIGINT, end); signal(SIGCHLD, SIG_IGN); for (;;) pause(); }' |
  gcc -Os -static -xc -o "$folder/.pause/pause" -

cp "$node" "$folder/.node/usr/bin/node"
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$folder/.node$(dirname "$library")"
  cp -L "$library" "$folder/.node$library"
done
printf '%s\n' 'root:x:0:0:root:/:/bin/false' 'node:x:1000:1000:node:/tmp:/bin/false' >"$folder/.node/etc/passwd"
chmod 1777 "$folder/.node/tmp"

# pack FOLDER IMAGE ENTRYPOINT USER
pack() {
  local work digest
  work=$(mktemp -d "$folder/.pack.XXXXXX")
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$work/layer.tar" .
  digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["%s"],"User":"%s","Env":["PATH=/usr/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[]}' \
    "$3" "$4" "$digest" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$2" >"$work/manifest.json"
  tar -C "$work" -cf "$folder/$(basename "${2%:*}").tar" manifest.json config.json layer.tar
  rm -rf "$work" "$1"
}
pack "$folder/.pause" docker.io/penstock/pause:1 /pause 65535:65535
pack "$folder/.node" docker.io/penstock/node:1 /usr/bin/node 1000
