# shellcheck shell=sh
# Chromium, for the dashboard's tests: what the machine has, else the distribution's package and what it needs, unpacked.

install_chromium() {
  if "$node" "$penstock_root/tools/find-tool.ts" chromium >/dev/null 2>&1; then return 0; fi
  if [ -n "${PENSTOCK_CHROMIUM:-}" ]; then "$node" "$penstock_root/tools/find-tool.ts" chromium || exit 1; fi
  debian_knows chromium || fail "Chromium comes as the distribution's package, and it cannot be found;" \
    "run apt-get update, or set PENSTOCK_CHROMIUM=/path/to/chromium (100 or newer)"
  into_cache chromium "$(debian_version chromium)" bin/chromium chromium_from_debian
}

# chromium_from_debian DOWNLOAD TREE
chromium_from_debian() {
  # shellcheck disable=SC2046
  fetch_debian "Chromium from the distribution's packages (nothing is installed)" "$1" \
    $(missing_debian chromium fonts-liberation) ||
    fail "apt-get could not deliver Chromium; see above, or set PENSTOCK_CHROMIUM=/path/to/chromium (100 or newer)"
  unpack_debian "$1" "$2/root"
  mkdir "$2/bin"
  cat >"$2/root/fonts.conf" <<'CONF'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir prefix="relative">usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
CONF
  {
    printf '%s\n' '#!/bin/sh' 'root=$(dirname "$(dirname "$(readlink -f "$0")")")/root'
    library_path '$root'
    printf '%s\n' 'export FONTCONFIG_FILE="${FONTCONFIG_FILE:-$root/fonts.conf}"' 'exec "$root/usr/lib/chromium/chromium" "$@"'
  } >"$2/bin/chromium"
  chmod 755 "$2/bin/chromium"
  "$2/bin/chromium" --version >/dev/null ||
    fail "the distribution's Chromium does not run here; set PENSTOCK_CHROMIUM=/path/to/chromium (100 or newer)"
}
