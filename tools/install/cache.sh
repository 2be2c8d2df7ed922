# shellcheck shell=sh
# The cache outside the checkout: <cache>/<tool>-<version>/bin/<executable>.

# Everything below locks a file in the cache.
require_cache() {
  if ! mkdir -p "$cache" 2>/dev/null || ! [ -w "$cache" ]; then
    fail "cannot write to the cache $cache; set PENSTOCK_CACHE=/a/folder/of/yours"
  fi
  command -v flock >/dev/null || fail "the command flock is missing; install util-linux"
}

# into_cache TOOL VERSION PROOF FILL
# Makes <cache>/TOOL-VERSION unless its file PROOF is there: calls FILL with a folder for downloads and the folder to
# fill, and renames the latter into place, so that a half-filled one is never seen. Concurrent setups wait for each other.
into_cache() {
  tool=$1 version=$2 proof=$3 fill=$4
  target=$cache/$tool-$version
  if [ -e "$target/$proof" ]; then return 0; fi
  (
    if ! flock -n 9; then
      say "$tool $version: another setup is at it, waiting"
      flock 9
    fi
    if [ -e "$target/$proof" ]; then exit 0; fi
    # Left behind by a setup that was killed; nobody else is at work here while the lock is held.
    rm -rf "$cache/.$tool."*
    work=$(mktemp -d "$cache/.$tool.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/download" "$work/tree"
    "$fill" "$work/download" "$work/tree"
    [ -e "$work/tree/$proof" ] || fail "$tool $version: $proof is not in what was downloaded"
    if [ -e "$target" ]; then mv "$target" "$work/replaced"; fi
    mv "$work/tree" "$target"
    say "$tool $version is ready in $target"
  ) 9>"$cache/.$tool-lock"
}

# verify FILE SHA256
verify() {
  found=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$found" = "$2" ] ||
    fail "$(basename "$1") has the checksum $found where $2 is expected; try again, or ask who runs the mirror or proxy"
}
