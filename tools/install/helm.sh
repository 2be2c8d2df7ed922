# shellcheck shell=sh
# Helm, built from its Go module: what the chart is rendered with, for the plain manifests and the tests.

install_helm() {
  if [ -n "${PENSTOCK_HELM:-}" ]; then
    [ -x "$PENSTOCK_HELM" ] || fail "PENSTOCK_HELM: $PENSTOCK_HELM is not executable"
  else
    into_cache helm "$HELM_VERSION" bin/helm helm_from_source
  fi
}

# helm_from_source DOWNLOAD TREE
helm_from_source() {
  command -v go >/dev/null ||
    fail "Helm is built from source, and there is no Go; install it, or set PENSTOCK_HELM=/path/to/helm (3.14 or newer)"
  watched "Helm $HELM_VERSION, from source (a minute on two cores)" 0 "$1" \
    env CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN="$2/bin" \
    go install -trimpath -ldflags '-s -w' "helm.sh/helm/v3/cmd/helm@v$HELM_VERSION" ||
    fail "Helm cannot be built; see above, or set PENSTOCK_HELM=/path/to/helm (3.14 or newer)"
}
