#!/bin/bash
# What runs on the node, started in the order in which it is needed. Process 1 of the node.
set -euo pipefail
address=10.99.0.2
run=/node/run pki=/node/pki
cd $pki

ip link set lo up
# A pair of which one end leads nowhere: the node needs an interface with a default route.
ip link add eth0 type veth peer name uplink
ip link set uplink up
ip addr add $address/24 dev eth0
ip link set eth0 up
ip route add default via 10.99.0.1 dev eth0
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
# certificate NAME SUBJECT ALTERNATIVE-NAMES
certificate() {
  key "$1"
  openssl req -new -key "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 7 -out "$1.crt" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$3") 2>/dev/null
}
# user NAME SUBJECT: a certificate and a kubeconfig
user() {
  certificate "$1" "$2" "DNS:$1"
  cat >"$1.conf" <<CONF
{apiVersion: v1, kind: Config, current-context: e2e, contexts: [{name: e2e, context: {cluster: e2e, user: $1}}],
 clusters: [{name: e2e, cluster: {server: "https://$address:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}],
 users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]}
CONF
}
key ca
openssl req -x509 -key ca.key -days 7 -out ca.crt -subj /CN=penstock-e2e -addext basicConstraints=critical,CA:TRUE \
  -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null
key accounts
openssl pkey -in accounts.key -pubout -out accounts.pub
certificate apiserver /CN=kube-apiserver \
  "IP:127.0.0.1,IP:$address,IP:10.96.0.1,DNS:localhost,DNS:node,DNS:kubernetes,DNS:kubernetes.default.svc"
certificate kubelet-client /O=system:masters/CN=apiserver-kubelet-client DNS:client
certificate front-proxy /CN=front-proxy DNS:front-proxy
certificate kubelet-serving /O=system:nodes/CN=system:node:node "IP:$address,DNS:node"
user admin /O=system:masters/CN=admin
user controllers /CN=system:kube-controller-manager
user scheduler /CN=system:kube-scheduler
user kubelet /O=system:nodes/CN=system:node:node
user proxy /CN=system:kube-proxy

mkdir -p /etc/containerd /etc/cni/net.d
cat >/etc/containerd/config.toml <<'CONF'
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "docker.io/penstock/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  # Lowering the score of a process needs rights that a container of ours may lack.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "/node/bin/runc"
        SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/node/cni"]
    conf_dir = "/etc/cni/net.d"
CONF
cat >/etc/cni/net.d/10-e2e.conflist <<'CONF'
{"cniVersion": "1.0.0", "name": "e2e", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
CONF
containerd >$run/containerd.log 2>&1 &
etcd --data-dir /var/lib/etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379 >$run/etcd.log 2>&1 &
kube-apiserver --etcd-servers http://127.0.0.1:2379 --advertise-address $address --secure-port 6443 \
  --service-cluster-ip-range 10.96.0.0/16 --allow-privileged --enable-aggregator-routing \
  --tls-cert-file apiserver.crt --tls-private-key-file apiserver.key --client-ca-file ca.crt \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --kubelet-client-certificate kubelet-client.crt --kubelet-client-key kubelet-client.key \
  --kubelet-certificate-authority ca.crt --kubelet-preferred-address-types InternalIP \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file accounts.pub \
  --service-account-signing-key-file accounts.key \
  --proxy-client-cert-file front-proxy.crt --proxy-client-key-file front-proxy.key \
  --requestheader-client-ca-file ca.crt --requestheader-allowed-names front-proxy \
  --requestheader-extra-headers-prefix X-Remote-Extra- --requestheader-group-headers X-Remote-Group \
  --requestheader-username-headers X-Remote-User >$run/apiserver.log 2>&1 &
(
  until [ -S /run/containerd/containerd.sock ] && ctr version >/dev/null 2>&1; do sleep 0.1; done
  for image in /node/images/*.tar; do ctr -n k8s.io images import --local "$image" >>$run/import.log 2>&1; done
) &
images=$!
until [ "$(curl -s --cacert ca.crt --cert admin.crt --key admin.key https://$address:6443/readyz || true)" = ok ]; do
  sleep 0.1
done
# The scaling of pods follows quickly, so that a test need not wait for minutes.
kube-controller-manager --kubeconfig controllers.conf --authentication-kubeconfig controllers.conf \
  --authorization-kubeconfig controllers.conf --leader-elect=false --use-service-account-credentials \
  --service-account-private-key-file accounts.key --root-ca-file ca.crt --cluster-signing-cert-file ca.crt \
  --cluster-signing-key-file ca.key --horizontal-pod-autoscaler-sync-period 2s \
  --horizontal-pod-autoscaler-downscale-stabilization 5s >$run/controllers.log 2>&1 &
kube-scheduler --kubeconfig scheduler.conf --authentication-kubeconfig scheduler.conf \
  --authorization-kubeconfig scheduler.conf --leader-elect=false >$run/scheduler.log 2>&1 &
cat >/etc/kubelet.yaml <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $pki/kubelet-serving.crt
tlsPrivateKeyFile: $pki/kubelet-serving.key
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}
CONF
wait $images
kubelet --config /etc/kubelet.yaml --kubeconfig kubelet.conf --hostname-override node --node-ip $address \
  >$run/kubelet.log 2>&1 &
cat >/etc/kube-proxy.yaml <<CONF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: 10.244.0.0/16
clientConnection: {kubeconfig: $pki/proxy.conf}
conntrack: {maxPerCore: 0, min: 0}
CONF
kube-proxy --config /etc/kube-proxy.yaml --hostname-override node >$run/proxy.log 2>&1 &
until kubectl --kubeconfig admin.conf wait --for=condition=Ready node/node --timeout=5s >/dev/null 2>&1; do sleep 0.2; done
touch $run/ready
wait
