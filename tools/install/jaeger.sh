# shellcheck shell=sh
# Jaeger (all in one, kept in memory), built with the machine's Go from its module; for the tests of traces only.

install_jaeger() {
  if [ -n "${PENSTOCK_JAEGER:-}" ]; then
    [ -x "$PENSTOCK_JAEGER" ] || fail "PENSTOCK_JAEGER: $PENSTOCK_JAEGER is not executable"
  else
    into_cache jaeger "$JAEGER_VERSION" bin/jaeger jaeger_from_source
  fi
}

# jaeger_from_source DOWNLOAD TREE: the module is checked by its sum, and what it needs by the sums that it has itself.
jaeger_from_source() {
  command -v go >/dev/null ||
    fail "Jaeger is built from source, and there is no Go; install it, or set PENSTOCK_JAEGER=/path/to/jaeger-all-in-one"
  module=$(cd "$1" && GOTOOLCHAIN=local go mod download -json "github.com/jaegertracing/jaeger@v$JAEGER_VERSION") ||
    fail "the module of Jaeger $JAEGER_VERSION cannot be had: $module"
  printf '%s' "$module" | grep -qF "\"Sum\": \"$JAEGER_SUM\"" ||
    fail "the module of Jaeger $JAEGER_VERSION has another checksum than $JAEGER_SUM"
  source=$(printf '%s' "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -R "$source" "$1/source"
  chmod -R u+w "$1/source"
  watched "Jaeger $JAEGER_VERSION, from source (5 minutes on two cores)" 0 "$1" \
    env CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly \
    go -C "$1/source" build -buildvcs=false -trimpath -ldflags '-s -w' -o "$2/bin/jaeger" ./cmd/all-in-one ||
    fail "Jaeger cannot be built; see above, or set PENSTOCK_JAEGER=/path/to/jaeger-all-in-one"
}
