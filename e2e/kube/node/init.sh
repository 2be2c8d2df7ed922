#!/bin/bash
# The first process of the node: makes its file system and becomes its services. init.sh FOLDER NODE CONTROLLERS
set -euo pipefail
folder=$1 node=$2 controllers=$3
root=$folder/merged
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$node/rootfs,upperdir=$folder/upper,workdir=$folder/work" "$root"
mkdir -p "$root"/node/{bin,cni,images,pki,run} "$root"/var/lib/{containerd,kubelet,etcd} "$root"/opt/cni \
  "$root"/etc/cni/net.d "$root"/lib/modules
mount --bind "$folder/bin" "$root/node/bin"
mount --bind "$node/cni" "$root/node/cni"
mount --bind "$folder/images" "$root/node/images"
mount --bind "$folder" "$root/node/run"
mount --bind "$folder/pki" "$root/node/pki"
mount --bind "$folder/containerd" "$root/var/lib/containerd"
mount --bind "$folder/kubelet" "$root/var/lib/kubelet"
mount -t tmpfs tmpfs "$root/var/lib/etcd"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
for controller in $controllers; do
  mkdir "$root/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "$root/sys/fs/cgroup/$controller"
done
mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
cp "$(dirname "$0")/services.sh" "$root/node/services.sh"
hostname node
echo node >"$root/etc/hostname"
printf '127.0.0.1 localhost\n10.99.0.2 node\n' >"$root/etc/hosts"
echo 'nameserver 10.96.0.10' >"$root/etc/resolv.conf"
mkdir -p "$root/.old"
pivot_root "$root" "$root/.old"
cd /
mount --make-rprivate /.old
umount -l /.old
mount --make-rshared /
exec env -i PATH=/node/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root bash /node/services.sh
