# shellcheck shell=sh
# Kubernetes, built from its Go modules: no release of it stands in a registry that everybody has. What is built, and of
# which sums, is pinned by tools/install/kubernetes/go.mod and go.sum.

install_kubernetes() {
  if [ -n "${PENSTOCK_KUBERNETES:-}" ]; then
    for program in etcd kube-apiserver kubectl; do
      [ -x "$PENSTOCK_KUBERNETES/$program" ] ||
        fail "PENSTOCK_KUBERNETES: there is no executable $program in $PENSTOCK_KUBERNETES"
    done
  else
    into_cache kubernetes "$KUBERNETES_VERSION" bin/kubectl kubernetes_from_source
  fi
}

# kubernetes_from_source DOWNLOAD TREE
kubernetes_from_source() {
  require_go
  mkdir -p "$2/bin"
  build_programs "$1" "API server and kubectl of Kubernetes $KUBERNETES_VERSION, from source (6 minutes on two cores)" "$2/bin/" \
    k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl
  build_programs "$1" "etcd, from source" "$2/bin/etcd" go.etcd.io/etcd/server/v3
}

# build_programs FOLDER LABEL OUTPUT PACKAGE…: the programs of these packages, built with FOLDER for what passes
build_programs() {
  build_folder=$1 build_label=$2 build_output=$3
  shift 3
  minor=${KUBERNETES_VERSION#*.}
  stamp=k8s.io/component-base/version
  # Static, and equal wherever it is built.
  watched "$build_label" 0 "$build_folder" env CGO_ENABLED=0 GOTOOLCHAIN=local GOTMPDIR= \
    go -C "$here/install/kubernetes" build -buildvcs=false -trimpath \
    -ldflags "-s -w -X $stamp.gitVersion=v$KUBERNETES_VERSION -X $stamp.gitMajor=1 -X $stamp.gitMinor=${minor%%.*}" \
    -o "$build_output" "$@" ||
    fail "Kubernetes cannot be built; see above, or set PENSTOCK_KUBERNETES=/folder/with/etcd,/kube-apiserver/and/kubectl"
}

require_go() {
  wanted=$(sed -n 's/^go //p' "$here/install/kubernetes/go.mod")
  found=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) ||
    fail "Kubernetes is built from source, and there is no Go; install Go $wanted or newer," \
      "or set PENSTOCK_KUBERNETES=/a/folder with etcd, kube-apiserver and kubectl"
  newer=$(printf '%s\n%s\n' "$wanted" "${found#go}" | sort -V | tail -n 1)
  [ "$newer" = "${found#go}" ] || fail "Kubernetes $KUBERNETES_VERSION needs Go $wanted or newer, this is ${found#go}"
}

# What makes Deployments, ReplicaSets and autoscalers act; for tests that need no node.
install_kubernetes_controllers() {
  into_cache kubernetes-controllers "$KUBERNETES_VERSION" bin/kube-controller-manager kubernetes_controllers_from_source
}

# kubernetes_controllers_from_source DOWNLOAD TREE
kubernetes_controllers_from_source() {
  require_go
  mkdir -p "$2/bin"
  build_programs "$1" "controllers of Kubernetes $KUBERNETES_VERSION, from source" "$2/bin/" \
    k8s.io/kubernetes/cmd/kube-controller-manager
}
