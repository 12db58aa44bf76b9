#!/usr/bin/env bash
# podman as root, with conmon as the monitor.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane podman "${BASH_SOURCE[0]}"
image

# Limits above the hard ones of this process cannot be set without CAP_SYS_RESOURCE.
cat >"$W/etc/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=32768:32768"]
netns = "none"
log_driver = "k8s-file"
[network]
network_config_dir = "$W/etc/networks"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "${RT##*/}"
runtime_supports_json = ["crun", "runc", "engine-runc"]
runtime_supports_nocgroup = ["crun", "engine-runc"]
[engine.runtimes]
${RT##*/} = ["$RT"]
END
cat >"$W/etc/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$W/storage"
runroot = "/run/containers/storage"
END
export CONTAINERS_CONF=$W/etc/containers.conf CONTAINERS_STORAGE_CONF=$W/etc/storage.conf
# podman keeps the parent cgroups: its own, its monitors', its pods'.
MAY_STAY_MOUNTS='^/run/lane/storage/overlay$|^/run/netns' MAY_STAY_CGROUPS='/libpod_parent(/conmon|/[0-9a-f]{64})?$'
printf 'containers:2000000000:1000000\n' | tee -a /etc/subuid >>/etc/subgid
podman load -qi "$W/image.tar" >/dev/null
printf 'podman: %s, %s\n' "$(podman --version)" "$(conmon --version | head -n 1)"

status_of() { podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1"; }
# The number in a limit file, v1 or v2, seen from inside.
limit() { printf 'cat /sys/fs/cgroup/%s /sys/fs/cgroup/%s 2>/dev/null || true' "$1" "$2"; }

# --- one command
want 'info names the runtime' 0 "${RT##*/}" podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
want 'run --rm' 0 '^hi$' podman run --rm bb echo hi
want 'run: stdin' 0 '^in$' bash -c 'echo in | podman run --rm -i bb cat'
want 'run -t' 0 'terminal$' tty podman run --rm -t bb sh -c 'test -t 0 && test -t 1 && echo terminal'
want 'run: exit code' 7 '' podman run --rm bb sh -c 'exit 7'
want 'run: killed by a signal' 137 '' podman run --rm --init bb sh -c 'kill -9 $$'
want 'run: error of podman is 125' 125 '' podman run --rm --no-such-flag bb true
want 'run: not executable is 126' 126 '' podman run --rm bb /etc/passwd
want 'run: missing command is 127' 127 '' podman run --rm bb no-such-command
want 'run: environment, user, directory' 0 '^X=y 1000 10 /tmp 0077$' podman run --rm -e X=y -u 1000:10 -w /tmp --umask 0077 bb sh -c 'echo X=$X $(id -u) $(id -g) $(pwd) $(umask)'
want 'run: hostname' 0 '^box$' podman run --rm --hostname box bb hostname
want 'run --group-add' 0 '\b4242\b' podman run --rm --group-add 4242 bb id -G
want 'run --sysctl' 0 '^77$' podman run --rm --sysctl kernel.msgmax=77 bb cat /proc/sys/kernel/msgmax
want 'run --read-only' 0 'Read-only file system' podman run --rm --read-only bb sh -c 'touch /x; touch /tmp/y && echo written'
want 'run --tmpfs' 0 '/t tmpfs .*size=512k' podman run --rm --tmpfs /t:size=512k,mode=1777 bb cat /proc/mounts
want 'run --device' 0 'crw.* 1, +3 .*/dev/mine' podman run --rm --device /dev/null:/dev/mine:rw bb ls -l /dev/mine
want 'run --ulimit' 0 '^100 200$' podman run --rm --ulimit nofile=100:200 --ulimit nproc=1000:1000 bb sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
want 'run --cap-drop' 0 '^CapEff:.0000000000000000$' podman run --rm --cap-drop all bb grep CapEff /proc/self/status
want 'run --cap-add' 0 '^CapEff:.0000000000002000$' podman run --rm --cap-drop all --cap-add net_raw bb grep CapEff /proc/self/status
want 'run: default seccomp profile' 0 '^Seccomp:.2$' podman run --rm bb grep Seccomp: /proc/self/status
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >"$W/etc/seccomp.json"
want 'run: own seccomp profile' 1 'Operation not supported|Not supported' podman run --rm --security-opt seccomp="$W/etc/seccomp.json" bb mkdir /x
want 'run: seccomp=unconfined' 0 '^Seccomp:.0$' podman run --rm --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status
want 'run: no-new-privileges' 0 '^NoNewPrivs:.1$' podman run --rm --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status
want 'run --privileged' 0 '^Seccomp:.0$' podman run --rm --privileged bb grep Seccomp: /proc/self/status
want 'run --uidmap' 0 '^ +0 +100000 +65536$' podman run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 bb cat /proc/self/uid_map
want 'run --userns auto' 0 '^ +0 +2000000000 +' podman run --rm --userns auto bb cat /proc/self/uid_map
want 'run --init' 0 '^ +1 .*init' podman run --rm --init bb ps -o pid,args
want 'run --systemd always: /run and its cgroup are writable' 0 '^writable$' podman run --rm --systemd always bb sh -c 'd=/sys/fs/cgroup/systemd; [ -d $d ] || d=/sys/fs/cgroup; touch /run/x && mkdir $d/sub && rmdir $d/sub && echo writable'
want 'run --net host' 0 'LOOPBACK,UP' podman run --rm --net host bb ip link show lo
want 'run --pid host' 0 "lane|podman" podman run --rm --pid host bb ps -o args
want 'run --ipc host --uts host' 0 "^$(hostname)\$" podman run --rm --ipc host --uts host bb hostname
want 'run --cgroupns host' 0 'libpod-' podman run --rm --cgroupns host bb cat /proc/self/cgroup
[[ ${RT##*/} == runc ]] || want 'run --cgroups disabled' 0 '^outside$' podman run --rm --cgroups disabled bb sh -c 'grep -q libpod- /proc/self/cgroup || echo outside'
want 'run --rootfs' 0 '^rooted$' podman run --rm --rootfs "$W/bundle/rootfs" echo rooted
want 'run --timeout' 255 '' podman run --rm --timeout 1 bb sleep 100

# --- limits
want 'run --memory' 0 '^67108864$' podman run --rm --memory 64m bb sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'run --pids-limit' 0 '^55$' podman run --rm --pids-limit 55 bb sh -c "$(limit pids/pids.max pids.max)"
want 'run --cpus' 0 '^50000' podman run --rm --cpus 0.5 bb sh -c "$(limit cpu/cpu.cfs_quota_us cpu.max)"
want 'run --cpu-shares' 0 '^(512|20)$' podman run --rm --cpu-shares 512 bb sh -c "$(limit cpu/cpu.shares cpu.weight)"
want 'run: out of memory' 137 '' podman run --name oom --memory 16m --memory-swap 16m bb dd if=/dev/zero of=/dev/null bs=64M count=1
podman rm -f oom >/dev/null 2>&1

# --- volumes
mkdir -p "$W/data" && echo from-host >"$W/data/file"
want 'run -v' 0 '^from-host$' podman run --rm -v "$W/data:/d" bb sh -c 'cat /d/file && echo more >/d/written'
want 'run -v: written on the host' 0 '^more$' cat "$W/data/written"
want 'run -v :ro' 1 'Read-only file system' podman run --rm -v "$W/data:/d:ro" bb touch /d/x
want 'run -v NAME' 0 '^kept$' bash -c 'podman run --rm -v vol:/v bb sh -c "echo kept >/v/k" && podman run --rm -v vol:/v bb cat /v/k'
want 'volume rm' 0 '' podman volume rm vol

# --- a container that stays
want 'run -d' 0 '^[0-9a-f]{64}$' podman run -d --name c1 --health-cmd 'test -e /healthy' --health-interval disable bb sh -c 'trap "echo got USR1" USR1; trap "echo bye; exit 3" TERM; echo started; while :; do sleep 0.1; done'
want 'ps' 0 'c1 Up' podman ps --format '{{.Names}} {{.Status}}'
eventually 'logs' '^started$' podman logs c1
want 'exec' 0 '^out$' podman exec c1 echo out
want 'exec: exit code' 9 '' podman exec c1 sh -c 'exit 9'
want 'exec: missing command is 127' 127 '' podman exec c1 no-such-command
want 'exec: not executable is 126' 126 '' podman exec c1 /etc/passwd
want 'exec: environment, user, directory' 0 '^b 1000 /tmp$' podman exec -e A=b -u 1000 -w /tmp c1 sh -c 'echo $A $(id -u) $(pwd)'
want 'exec: stdin' 0 '^typed$' bash -c 'echo typed | podman exec -i c1 cat'
want 'exec -it' 0 'terminal$' tty podman exec -it c1 sh -c 'test -t 0 && echo terminal'
want 'exec -d' 0 '' podman exec -d c1 sh -c 'echo detached >/tmp/detached'
eventually 'exec -d: has run' '^detached$' podman exec c1 cat /tmp/detached
want 'exec --privileged' 0 '^CapEff:.000001f' podman exec --privileged c1 grep CapEff /proc/self/status
want 'healthcheck: unhealthy' 1 '' podman healthcheck run c1
podman exec c1 touch /healthy
want 'healthcheck: healthy' 0 '' podman healthcheck run c1
want 'top' 0 '^root +1 ' podman top c1 user pid args
want 'stats' 0 '^c1 [1-9][0-9]*$' podman stats --no-stream --format '{{.Name}} {{.PIDs}}' c1
want 'update --memory' 0 '' podman update --memory 48m c1
want 'update --memory: applied' 0 '^50331648$' podman exec c1 sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'update --cpus' 0 '' podman update --cpus 0.7 c1
want 'pause' 0 '' podman pause c1
want 'pause: state' 0 '^paused' status_of c1
want 'unpause' 0 '' podman unpause c1
want 'unpause: state' 0 '^running' status_of c1
want 'kill --signal' 0 '' podman kill --signal USR1 c1
eventually 'kill --signal: arrived' '^got USR1$' podman logs c1
want 'cp' 0 '^from-host$' bash -c "podman cp $W/data/file c1:/tmp/copied && podman exec c1 cat /tmp/copied"
want 'stop' 0 '' podman stop -t 10 c1
want 'stop: exit code of the payload' 0 '^exited 3$' status_of c1
want 'logs: last words' 0 '^bye$' podman logs c1
want 'start' 0 '' podman start c1
eventually 'start: runs again' '^running' podman inspect --format '{{.State.Status}}' c1
want 'restart' 0 '' podman restart -t 0 c1
want 'restart: state' 0 '^running' status_of c1
want 'kill' 0 '' podman kill c1
want 'wait' 0 '^137$' podman wait c1
want 'rm' 0 '' podman rm c1

want 'create and start --attach' 5 '^attached$' bash -c 'podman create --name c2 bb sh -c "echo attached; exit 5" >/dev/null && podman start -a c2'
podman rm -f c2 >/dev/null 2>&1
attach() {
    podman run -d -i --name c3 bb sh -c 'read line; echo "read $line"; exit 4' || return
    echo line | timeout 20 podman attach c3
}
want 'attach' 0 '^read line$' attach
podman rm -f c3 >/dev/null 2>&1
podman run -d --name c4 bb sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1
want 'stop: a payload that ignores SIGTERM' 0 '' podman stop -t 1 c4
want 'stop: is killed' 0 '^exited 137$' status_of c4
podman rm -f c4 >/dev/null 2>&1
podman run -d --name c5 bb sleep 1000 >/dev/null 2>&1
want 'pid, net and ipc of another container' 0 '^ +1 sleep 1000' podman run --rm --pid container:c5 --net container:c5 --ipc container:c5 bb ps -o pid,args
want 'kill of a paused container' 0 '' bash -c 'podman pause c5 && podman rm -f -t 0 c5'
want 'restart policy' 0 '^2$' bash -c 'podman run -d --name c6 --restart on-failure:2 bb false && sleep 1; for i in 1 2 3 4 5; do podman inspect --format "{{.RestartCount}}" c6 | grep 2 && break; sleep 0.5; done'
podman rm -f c6 >/dev/null 2>&1

# --- hooks
mkdir "$W/hooks"
printf '#!/bin/sh\ncat >/run/lane/hook-$1.json\n' >"$W/bin/hook" && chmod 755 "$W/bin/hook"
for stage in prestart createRuntime poststart poststop; do
    printf '{"version":"1.0.0","hook":{"path":"%s","args":["hook","%s"]},"when":{"always":true},"stages":["%s"]}' "$W/bin/hook" "$stage" "$stage" >"$W/hooks/$stage.json"
done
want 'hooks' 0 '^h$' podman --hooks-dir "$W/hooks" run --rm bb echo h
want 'hooks: state on stdin' 0 '^4$' bash -c "grep -lE '\"ociVersion\"' $W/hook-{prestart,createRuntime,poststart,poststop}.json | wc -l"

# --- a bridge network
want 'bridge network with a published port' 0 '^served$' bash -c 'podman run -d --name web --net podman -p 127.0.0.1:18080:80 bb sh -c "mkdir /w; echo served >/w/i; httpd -f -h /w" >/dev/null && for i in 1 2 3 4 5 6 7 8 9; do busybox wget -qO- http://127.0.0.1:18080/i && break; sleep 0.3; done'
podman rm -f -t 0 web >/dev/null 2>&1

# --- pods
want 'pod create' 0 '' podman pod create --name p1
want 'pod: run' 0 '' podman run -d --pod p1 --name p1a bb sleep 1000
want 'pod: shared network namespace' 0 '^same$' bash -c '[ "$(podman run --rm --pod p1 bb readlink /proc/self/ns/net)" = "$(podman exec p1a readlink /proc/self/ns/net)" ] && echo same'
want 'pod ps' 0 '^p1 2$' podman pod ps --format '{{.Name}} {{.NumberOfContainers}}'
want 'pod stats' 0 'p1a|[0-9a-f]{12}' podman pod stats --no-stream p1
want 'pod pause and unpause' 0 '' bash -c 'podman pod pause p1 && podman pod unpause p1'
want 'pod stop' 0 '' podman pod stop -t 0 p1
want 'pod rm' 0 '' podman pod rm -f p1
cat >"$W/etc/kube.yaml" <<END
apiVersion: v1
kind: Pod
metadata:
  name: k1
spec:
  containers:
  - name: main
    image: localhost/bb:latest
    imagePullPolicy: Never
    command: ["sh", "-c", "echo from kube; sleep 1000"]
    resources: {limits: {memory: 64Mi}}
    securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
END
want 'play kube' 0 '^Pod:' podman play kube "$W/etc/kube.yaml"
eventually 'play kube: runs' '^from kube$' podman logs k1-main
want 'play kube: limits' 0 '^67108864$' podman exec k1-main sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'play kube --down' 0 '' podman play kube --down "$W/etc/kube.yaml"

# --- the end
printf 'FROM bb\nRUN echo built >/built\nCMD cat /built\n' >"$W/etc/Containerfile"
want 'build' 0 '' podman build -q --network none -t built -f "$W/etc/Containerfile" "$W/etc"
want 'build: result' 0 '^built$' podman run --rm built
podman rm -fa -t 0 >/dev/null 2>&1
podman pod rm -fa >/dev/null 2>&1
finish
