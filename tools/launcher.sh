#!/bin/sh
# Starts the built program of this file's name with the project's own Node, from wherever it is called.
# `make build` writes it to bin/ with the Node that it built with.
self=$(readlink -f "$0")
penstock_root=$(dirname "$(dirname "$self")")
program=$(basename "$self")
. "$penstock_root/tools/find-node.sh"
if [ -z "${PENSTOCK_NODE:-}" ] && [ -x '@NODE@' ]; then
  node='@NODE@'
elif ! find_node; then
  echo "$program: the project's Node is not in $cache; run \`make setup\` in $penstock_root" >&2
  exit 1
fi
main=$penstock_root/dist/cmd/$program/main.js
if [ ! -f "$main" ]; then
  echo "$program: $main is not there; run \`make build\` in $penstock_root" >&2
  exit 1
fi
exec "$node" "$main" "$@"
