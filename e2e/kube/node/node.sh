#!/bin/bash
# A real cluster of one node (etcd, API server, controller manager, scheduler, containerd, runc, kubelet, kube-proxy) in
# mount, process, network, name, IPC and cgroup namespaces of its own; nothing is installed on the machine.
#   node.sh start FOLDER | stop FOLDER | enter FOLDER COMMAND… | network FOLDER COMMAND…
# `enter` runs a command as the node sees the world, `network` one with the machine's files in the cluster's network.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
verb=${1:?start, stop, enter or network} folder=$(readlink -m "${2:?a folder}")
shift 2
name=penstock-$(basename "$folder")
cgroups=/sys/fs/cgroup
if [ -e $cgroups/cgroup.controllers ]; then
  echo "node.sh: this machine has version 2 of cgroups, and these tests were made for version 1; use e2e/kind" >&2
  exit 2
fi
controllers='cpu cpuacct cpuset memory devices freezer blkio pids'
# kubelet sets these for the whole machine: they are put back.
settings='vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys
  kernel/keys/root_maxbytes'

start() {
  local cache=${PENSTOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/penstock} controller directory setting
  . "$here/../../../tools/versions.env"
  [ "$(id -u)" -eq 0 ] || { echo 'node.sh: only root makes namespaces' >&2; exit 2; }
  local programs=$cache/kubernetes-$KUBERNETES_VERSION node=$cache/kubernetes-node-$KUBERNETES_VERSION
  for directory in "$programs" "$node"; do
    [ -d "$directory" ] || { echo "node.sh: $directory is missing; run tools/setup.sh kubernetes-node" >&2; exit 2; }
  done
  [ ! -e "$folder" ] || { echo "node.sh: $folder is there already; stop it first" >&2; exit 1; }
  mkdir -p "$folder"/{upper,work,merged,containerd,kubelet,pki,bin,images}
  cp -l "$programs"/bin/* "$node"/bin/* "$folder/bin/" 2>/dev/null || cp "$programs"/bin/* "$node"/bin/* "$folder/bin/"
  "$here/images.sh" "$folder/images"
  for setting in $settings; do echo "$setting $(cat /proc/sys/$setting)"; done >"$folder/settings"
  for controller in $controllers; do
    directory=$cgroups/$controller/$name
    mkdir -p "$directory"
    [ "$controller" != cpuset ] || {
      cat $cgroups/cpuset/cpuset.cpus >"$directory/cpuset.cpus"
      cat $cgroups/cpuset/cpuset.mems >"$directory/cpuset.mems"
      echo 1 >"$directory/cgroup.clone_children"
    }
  done
  mkdir -p $cgroups/systemd/"$name" $cgroups/unified/"$name"
  (
    for controller in $controllers systemd unified; do echo "$BASHPID" >"$cgroups/$controller/$name/cgroup.procs"; done
    exec setsid unshare -m -n -u -i -p -C --fork --kill-child bash "$here/init.sh" "$folder" "$node" "$controllers" \
      >"$folder/init.log" 2>&1 </dev/null
  ) &
  echo $! >"$folder/unshare.pid"
  for _ in $(seq 1 1800); do
    [ -s "$folder/init.pid" ] || pgrep -P "$(cat "$folder/unshare.pid")" >"$folder/init.pid" || true
    [ ! -e "$folder/ready" ] || return 0
    kill -0 "$(cat "$folder/unshare.pid")" 2>/dev/null || break
    sleep 0.1
  done
  echo 'node.sh: the node did not become ready' >&2
  tail -n 30 "$folder/init.log" >&2
  exit 1
}

stop() {
  local left controller directory setting value
  kill -9 "$(cat "$folder/init.pid")" 2>/dev/null || true
  for _ in $(seq 1 100); do kill -0 "$(cat "$folder/unshare.pid")" 2>/dev/null || break; sleep 0.1; done
  for _ in $(seq 1 20); do
    left=0
    for controller in $controllers systemd unified; do
      directory=$cgroups/$controller/$name
      [ ! -d "$directory" ] || find "$directory" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
    done
    [ "$left" -ne 0 ] || break
    sleep 0.3
  done
  while read -r setting value; do
    [ "$(cat "/proc/sys/$setting")" = "$value" ] || echo "$value" >"/proc/sys/$setting"
  done <"$folder/settings"
  rm -rf "$folder"
  [ "$left" -eq 0 ] || { echo "node.sh: groups of processes are left under $cgroups/*/$name" >&2; exit 1; }
}

case $verb in
  start) start ;;
  stop) stop ;;
  enter) exec nsenter -t "$(cat "$folder/init.pid")" -m -n -p -u -i -C -r -w "$@" ;;
  network) exec nsenter -t "$(cat "$folder/init.pid")" -n "$@" ;;
  *) echo "node.sh: $verb: start, stop, enter or network" >&2; exit 2 ;;
esac
