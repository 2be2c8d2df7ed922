#!/usr/bin/env bash
# Builds twice, each time from nothing, and compares every byte of dist/. What the second build leaves stays.
set -euo pipefail
cd "$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")"

digest() {
  rm -rf dist
  make build >/dev/null
  find dist -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

first=$(digest)
second=$(digest)
if [ "$first" != "$second" ]; then
  echo 'two builds of the same sources differ:' >&2
  diff <(printf '%s\n' "$first") <(printf '%s\n' "$second") >&2 || true
  exit 1
fi
printf '%s files, the same in both builds: %s\n' "$(printf '%s\n' "$first" | wc -l)" "$(printf '%s' "$first" | sha256sum | cut -d' ' -f1)"
