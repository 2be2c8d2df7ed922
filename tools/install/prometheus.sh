# shellcheck shell=sh
# Prometheus and promtool: what the machine has, if it is new enough, else the distribution's package, unpacked.

install_prometheus() {
  if "$node" "$penstock_root/tools/find-tool.ts" prometheus promtool >/dev/null 2>&1; then return 0; fi
  if [ -n "${PENSTOCK_PROMETHEUS:-}${PENSTOCK_PROMTOOL:-}" ]; then
    "$node" "$penstock_root/tools/find-tool.ts" prometheus promtool || exit 1
  fi
  debian_knows prometheus || fail "Prometheus comes as the distribution's package, and it cannot be found;" \
    "run apt-get update, or set PENSTOCK_PROMETHEUS=/path/to/prometheus (2.31 or newer, with promtool beside it)"
  into_cache prometheus "$(debian_version prometheus)" bin/prometheus prometheus_from_debian
}

# prometheus_from_debian DOWNLOAD TREE
prometheus_from_debian() {
  fetch_debian "Prometheus from the distribution's packages (nothing is installed)" "$1" prometheus ||
    fail "apt-get could not deliver Prometheus; see above, or set PENSTOCK_PROMETHEUS=/path/to/prometheus (2.31 or newer)"
  unpack_debian "$1" "$1/root"
  mkdir "$2/bin"
  mv "$1/root/usr/bin/prometheus" "$1/root/usr/bin/promtool" "$2/bin/"
  "$2/bin/prometheus" --version >/dev/null ||
    fail "the distribution's Prometheus does not run here; set PENSTOCK_PROMETHEUS=/path/to/prometheus (2.31 or newer)"
}
