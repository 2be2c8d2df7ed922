# shellcheck shell=sh
# Istio's control plane for the tests, built with the machine's Go from the module that e2e/istio/istiod pins.

install_istiod() {
  if [ -x "$cache/istiod-$ISTIOD_VERSION/bin/istiod" ]; then return 0; fi
  command -v go >/dev/null ||
    fail "istiod $ISTIOD_VERSION is built with Go, and there is none; install Go $ISTIOD_GO_MINIMUM or newer"
  into_cache istiod "$ISTIOD_VERSION" bin/istiod istiod_from_go
}

# istiod_from_go DOWNLOAD TREE
istiod_from_go() {
  mkdir "$2/bin"
  (
    cd "$penstock_root/e2e/istio/istiod" || exit 1
    watched "istiod $ISTIOD_VERSION from its Go module (minutes of compiling, 2 GB of build cache)" 0 "$1" \
      go -C "$penstock_root/e2e/istio/istiod" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$2/bin/istiod" .
  ) || fail "istiod could not be built; see above. It needs Go $ISTIOD_GO_MINIMUM or newer and Go's module proxy"
}
