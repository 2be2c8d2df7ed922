#!/bin/sh
# Runs a command of the project (node, vitest, buf…) with the project's own Node: tools/run.sh COMMAND ARGUMENT…
set -eu
penstock_root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$penstock_root/tools/find-node.sh"
if ! find_node; then
  echo "penstock: the project's Node is not in $cache; run \`make setup\`" >&2
  exit 1
fi
PATH=$(dirname "$node"):$penstock_root/node_modules/.bin:$PATH
export PATH
exec "$@"
