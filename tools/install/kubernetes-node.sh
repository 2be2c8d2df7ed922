# shellcheck shell=sh
# A node of Kubernetes, for the tests that need pods: the other programs of Kubernetes, containerd, runc and the network
# plugins from their Go modules, and a root file system of Debian, unpacked and not installed. All of it is pinned in
# versions.env and in tools/install/kubernetes/go.mod.

install_kubernetes_node() {
  install_kubernetes
  [ "$(id -u)" -eq 0 ] || fail "a node runs in namespaces of its own, which only root makes; run this as root"
  into_cache kubernetes-node "$KUBERNETES_VERSION" rootfs/etc/debian_version node_from_source
}

# node_from_source DOWNLOAD TREE
node_from_source() {
  require_go
  mkdir -p "$2/bin" "$2/cni"
  k8s=k8s.io/kubernetes/cmd
  build_programs "$1" "kubelet and what runs beside it, of Kubernetes $KUBERNETES_VERSION, from source (5 minutes on two cores)" \
    "$2/bin/" "$k8s/kube-controller-manager" "$k8s/kube-scheduler" "$k8s/kubelet" "$k8s/kube-proxy"
  containerd=github.com/containerd/containerd/v2
  install_programs "$1" "containerd $CONTAINERD_VERSION, from source" "$2/bin" \
    -tags "no_btrfs no_zfs no_devmapper" -ldflags "-s -w -X $containerd/version.Version=v$CONTAINERD_VERSION" \
    "$containerd/cmd/containerd@v$CONTAINERD_VERSION" "$containerd/cmd/ctr@v$CONTAINERD_VERSION" \
    "$containerd/cmd/containerd-shim-runc-v2@v$CONTAINERD_VERSION"
  runc_from_source "$1" "$2/bin"
  plugins=github.com/containernetworking/plugins/plugins
  install_programs "$1" "network plugins $CNI_VERSION, from source" "$2/cni" -ldflags "-s -w" \
    "$plugins/main/bridge@v$CNI_VERSION" "$plugins/main/loopback@v$CNI_VERSION" "$plugins/ipam/host-local@v$CNI_VERSION" \
    "$plugins/meta/portmap@v$CNI_VERSION"
  root_file_system "$1" "$2/rootfs"
}

# install_programs FOLDER LABEL INTO FLAG… PACKAGE@VERSION…
install_programs() {
  install_folder=$1 install_label=$2 install_into=$3
  shift 3
  watched "$install_label" 0 "$install_folder" env CGO_ENABLED="${cgo:-0}" GOTOOLCHAIN=local GOTMPDIR= \
    GOBIN="$install_into" go install -buildvcs=false -trimpath "$@" || fail "$install_label: it cannot be built; see above"
}

# runc has a part in C, and needs libseccomp to link with.
runc_from_source() {
  fetch_debian "libseccomp, to build runc with" "$1/seccomp" libseccomp-dev || fail "apt-get could not deliver libseccomp-dev"
  unpack_debian "$1/seccomp" "$1/seccomp-root"
  PKG_CONFIG_LIBDIR=$1/seccomp-root/usr/lib/x86_64-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1/seccomp-root
  export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
  cgo=1 install_programs "$1" "runc $RUNC_VERSION, from source" "$2" -tags "seccomp netgo osusergo" \
    -ldflags "-s -w -extldflags -static -X main.version=$RUNC_VERSION" "github.com/opencontainers/runc@v$RUNC_VERSION"
}

# root_file_system FOLDER INTO: a small Debian with what kubelet, kube-proxy and the network plugins call
root_file_system() {
  fetch_debian "debootstrap" "$1/debootstrap" debootstrap || fail "apt-get could not deliver debootstrap"
  unpack_debian "$1/debootstrap" "$1/debootstrap-root"
  packages=iptables,nftables,conntrack,ipset,iproute2,ethtool,socat,procps,kmod,mount,util-linux,ca-certificates,openssl,curl,libseccomp2
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
  DEBOOTSTRAP_DIR=$1/debootstrap-root/usr/share/debootstrap
  export DEBOOTSTRAP_DIR
  watched "Debian for the node" 0 "$1/packages" "$1/debootstrap-root/usr/sbin/debootstrap" --variant=minbase \
    --include=$packages "$NODE_DEBIAN" "$2" "$mirror" || fail "the file system of the node cannot be made; see above"
}
