#!/bin/sh
# Gets what Penstock is built and tried with into the cache, as an ordinary user:
#   tools/setup.sh [modules] [envoy] [envoy-oldest] [prometheus] [chromium] [shells]
#     [jaeger] [istiod] [kubernetes] [kubernetes-controllers] [kubernetes-node] [helm]
# Node comes first and always. What is there already costs nothing. See versions.env for what and which.
set -eu

penstock_root=$(dirname "$(dirname "$(readlink -f "$0")")")
here=$penstock_root/tools
. "$here/find-node.sh"
for part in say cache debian pypi node envoy prometheus shells jaeger chromium istiod kubernetes kubernetes-node helm; do
  . "$here/install/$part.sh"
done

case "$(uname -s) $(uname -m)" in
  'Linux x86_64') ;;
  *)
    if [ -z "${PENSTOCK_NODE:-}" ] || [ -z "${PENSTOCK_ENVOY:-}" ] || [ -z "${PENSTOCK_PROMETHEUS:-}" ]; then
      fail "the pinned tools are for Linux on x86-64, this is $(uname -s) $(uname -m);" \
        "set PENSTOCK_NODE, PENSTOCK_ENVOY and PENSTOCK_PROMETHEUS to executables of yours"
    fi
    ;;
esac

install_modules() {
  PATH=$(dirname "$node"):$PATH flock "$cache/.modules-lock" "$node" "$here/install-modules.ts" "$npm_cli"
}

require_cache
install_node
for part in "$@"; do
  case $part in
    modules | envoy | prometheus | shells | jaeger | chromium | istiod | kubernetes | helm) "install_$part" ;;
    envoy-oldest) install_envoy_oldest ;;
    kubernetes-node) install_kubernetes_node ;;
    kubernetes-controllers) install_kubernetes_controllers ;;
    *) fail "$part: no such part; there are modules, envoy, envoy-oldest, prometheus, shells, jaeger, chromium, istiod," \
      "kubernetes, kubernetes-controllers, kubernetes-node and helm" ;;
  esac
done
