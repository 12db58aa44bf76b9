#!/usr/bin/env bash
# containerd's Kubernetes interface (CRI) with the runtime as a handler, called as a kubelet calls it for a pod with a RuntimeClass.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034,SC2154 # the container's shell expands what is quoted; `want` calls the functions
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
readonly HERE
. "$HERE/lib.sh"
# Read before the lane covers /tmp, where the sources may lie.
cri_source=$(<"$HERE/cri.py")
lane kubernetes "${BASH_SOURCE[0]}"
image '["sleep", "100000"]'
printf '%s\n' "$cri_source" >"$W/cri.py"

cat >"$W/etc/containerd.toml" <<END
version = 2
root = "$W/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[ttrpc]
  address = "/run/containerd/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/bb:latest"
  # Only for a machine on which oom_score_adj cannot be lowered.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "$W/etc/cni"
  # A file that names one runtime must name them all, the default one too.
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.engine]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.engine.options]
      BinaryName = "$RT"
END
service containerd containerd -c "$W/etc/containerd.toml"
cri() { timeout -k 5 60 python3 "$W/cri.py" /run/containerd/containerd.sock "$@"; }
wait_for 'the CRI plugin' cri version
# The pods' parent, made by the runtime, as a kubelet keeps it.
MAY_STAY_CGROUPS='/kubepods$'
printf 'kubernetes: %s, python3-grpcio\n' "$(containerd --version)"
ctr -n k8s.io images import --base-name localhost/bb "$W/image.tar" >/dev/null 2>&1
limit() { printf 'cat /sys/fs/cgroup/%s /sys/fs/cgroup/%s 2>/dev/null || true' "$1" "$2"; }

want 'RunPodSandbox with the handler' 0 '^[0-9a-f]{64}$' cri runp pod1 engine
pod=$output
want 'CreateContainer' 0 '^[0-9a-f]{64}$' cri create "$pod" pod1 main localhost/bb:latest 67108864 sh -c 'trap "echo bye; exit 3" TERM; echo started; while :; do sleep 0.1; done'
main=$output
want 'StartContainer' 0 '' cri start "$main"
want 'ContainerStatus' 0 '^running 0$' cri status "$main"
eventually 'log in CRI format' 'T.* stdout F started$' cat /tmp/cri-logs/main.log
want 'ExecSync' 0 '^inside$' cri exec "$main" echo inside
want 'ExecSync: exit code' 9 '' cri exec "$main" sh -c 'exit 9'
want 'ExecSync: missing command' 1 'not found|no such file' cri exec "$main" no-such-command
want 'memory limit' 0 '^67108864$' cri exec "$main" sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'UpdateContainerResources' 0 '' cri update "$main" 50331648
want 'UpdateContainerResources: applied' 0 '^50331648$' cri exec "$main" sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'ContainerStats' 0 '^memory [1-9]' cri stats "$main"
want 'namespaces of the pod are shared' 0 '^same$' bash -c "[ \"\$(python3 $W/cri.py /run/containerd/containerd.sock exec $main readlink /proc/self/ns/ipc)\" = \"\$(readlink /proc/\$(pgrep -f '^sleep 100000')/ns/ipc)\" ] && echo same"
want 'CreateContainer: missing command' 1 'not found|no such file' bash -c "id=\$(python3 $W/cri.py /run/containerd/containerd.sock create $pod pod1 bad localhost/bb:latest 0 /no-such-command) && python3 $W/cri.py /run/containerd/containerd.sock start \$id"
want 'StopContainer' 0 '' cri stop "$main" 10
want 'StopContainer: exit code of the payload' 0 '^exited 3$' cri status "$main"
want 'RemoveContainer' 0 '' cri rm "$main"
want 'StopPodSandbox' 0 '' cri stopp "$pod"
want 'RemovePodSandbox' 0 '' cri rmp "$pod"
finish
