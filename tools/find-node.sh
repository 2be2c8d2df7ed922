# shellcheck shell=sh
# Finds the project's own Node, for tools/setup.sh and for the launchers in bin/.
# Reads $penstock_root (the checkout); sets $cache, $node and the pins of versions.env.

# shellcheck source=tools/versions.env
. "$penstock_root/tools/versions.env"

if [ -n "${PENSTOCK_CACHE:-}" ]; then
  cache=$(readlink -m "$PENSTOCK_CACHE")
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache=$XDG_CACHE_HOME/penstock
else
  cache=${HOME:-/nonexistent}/.cache/penstock
fi

# find_node: sets $node; false where none is there
find_node() {
  for node in "${PENSTOCK_NODE:-}" "$cache/node-$NODE_VERSION/bin/node" "$cache/node-$NODE_WHEEL_VERSION/bin/node"; do
    if [ -x "$node" ]; then return 0; fi
    # What is named is meant: nothing else is taken instead.
    if [ -n "$node" ] && [ "$node" = "${PENSTOCK_NODE:-}" ]; then return 1; fi
  done
  return 1
}
