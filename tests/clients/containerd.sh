#!/usr/bin/env bash
# containerd with ctr and the v2 shim of runc.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane containerd "${BASH_SOURCE[0]}"
image

cat >"$W/etc/containerd.toml" <<END
version = 2
root = "$W/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "/run/containerd/containerd.sock"
[ttrpc]
  address = "/run/containerd/containerd.sock.ttrpc"
END
# ctr forgets --runc-binary with --uidmap and --no-pivot: then the shim runs `runc` from containerd's PATH.
mkdir "$W/path"
ln -s "$RT" "$W/path/runc"
service containerd env PATH="$W/path:$PATH" containerd -c "$W/etc/containerd.toml"
wait_for containerd ctr version
# ctr leaves the directory of its namespace.
MAY_STAY_CGROUPS='/default$'
printf 'containerd: %s\n' "$(containerd --version)"
ctr images import --base-name localhost/bb "$W/image.tar" >/dev/null
readonly BB=localhost/bb:latest

run() { local id=$1; shift; timeout -k 5 60 ctr run --rm --runc-binary "$RT" "${flags[@]}" "$BB" "$id" "$@"; }
flags=()
want 'run --rm' 0 '^hi$' run r1 echo hi
want 'run: exit code' 7 '' run r2 sh -c 'exit 7'
want 'run: missing command' 1 'not found|no such file or directory' run r3 no-such-command
flags=(-t)
want 'run -t' 0 'terminal$' tty ctr run --rm -t --runc-binary "$RT" "$BB" r4 sh -c 'test -t 0 && echo terminal'
flags=(--read-only)
want 'run --read-only' 1 'Read-only file system' run r5 touch /x
flags=(--env A=b --cwd /tmp)
want 'run --env --cwd' 0 '^b /tmp$' run r6 sh -c 'echo $A $(pwd)'
flags=(--cap-drop CAP_CHOWN --cap-add CAP_SYS_PTRACE)
want 'run --cap-drop --cap-add' 0 '^CapEff:' run r8 grep CapEff /proc/self/status
flags=(--seccomp)
want 'run --seccomp' 0 '^Seccomp:.2$' run r9 grep Seccomp: /proc/self/status
flags=(--mount "type=bind,src=$W/etc,dst=/mnt,options=rbind:ro")
want 'run --mount' 0 '^version = 2$' run r10 cat /mnt/containerd.toml
flags=(--device /dev/null)
want 'run --device' 0 '^crw' run r11 ls -l /dev/null
flags=(--uidmap 0:100000:65536 --gidmap 0:100000:65536)
want 'run --uidmap' 0 '^ +0 +100000 +65536$' run r12 cat /proc/self/uid_map
flags=(--net-host)
want 'run --net-host' 0 'LOOPBACK,UP' run r13 ip link show lo
flags=(--runc-root "$W/root")
want 'run --runc-root' 0 '^rooted$' run r14 echo rooted
flags=(--privileged)
want 'run --privileged' 0 '^CapEff:.000001f' run r15 grep CapEff /proc/self/status

want 'run -d' 0 '' ctr run -d --runc-binary "$RT" --memory-limit 67108864 --log-uri "file://$W/d1.log" "$BB" d1 sh -c 'trap "echo got HUP" HUP; trap "exit 3" TERM; echo started; while :; do sleep 0.1; done'
eventually 'task ls' 'd1 +[0-9]+ +RUNNING' ctr task ls
want 'run --memory-limit' 0 '^67108864$' bash -c 'cat /sys/fs/cgroup/memory/default/d1/memory.limit_in_bytes /sys/fs/cgroup/default/d1/memory.max 2>/dev/null || true'
eventually 'run --log-uri' '^started$' cat "$W/d1.log"
want 'task exec' 0 '^out$' ctr task exec --exec-id e1 d1 echo out
want 'task exec: exit code' 9 '' ctr task exec --exec-id e2 d1 sh -c 'exit 9'
want 'task exec: missing command' 1 'not found|no such file or directory' ctr task exec --exec-id e3 d1 no-such-command
want 'task exec -t' 0 'terminal$' tty ctr task exec -t --exec-id e4 d1 sh -c 'test -t 0 && echo terminal'
want 'task exec --user --cwd' 0 '^1000 /tmp$' ctr task exec --user 1000 --cwd /tmp --exec-id e5 d1 sh -c 'echo $(id -u) $(pwd)'
want 'task exec --detach' 0 '' ctr task exec --detach --exec-id e6 d1 sh -c 'echo detached >/detached'
eventually 'task exec --detach: has run' '^detached$' ctr task exec --exec-id e7 d1 cat /detached
want 'task ps' 0 '^[0-9]+' ctr task ps d1
want 'task metrics' 0 'memory' ctr task metrics d1
want 'task pause' 0 '' ctr task pause d1
want 'task pause: state' 0 'd1 +[0-9]+ +PAUSED' ctr task ls
want 'task resume' 0 '' ctr task resume d1
want 'task resume: state' 0 'd1 +[0-9]+ +RUNNING' ctr task ls
want 'task kill --signal' 0 '' ctr task kill --signal SIGHUP d1
eventually 'task kill --signal: arrived' '^got HUP$' cat "$W/d1.log"
want 'task kill' 0 '' ctr task kill d1
eventually 'task kill: stopped' 'd1 +[0-9]+ +STOPPED' ctr task ls
want 'task delete: exit code of the payload' 0 'exit code 3"$' ctr task delete d1
want 'container rm' 0 '' ctr container rm d1

want 'task kill --all' 0 '' bash -c "ctr run -d --null-io --runc-binary $RT $BB d2 sleep 1000 && ctr task exec --detach --exec-id e d2 sleep 2000 && ctr task kill --all --signal SIGKILL d2"
eventually 'task kill --all: stopped' 'd2 +[0-9]+ +STOPPED' ctr task ls
want 'task delete' 0 'exit code 137"$' ctr task delete d2
ctr container rm d2 >/dev/null 2>&1
shim_killed() {
    ctr run -d --null-io --runc-binary "$RT" "$BB" d3 sleep 3000 || return
    pkill -KILL -f 'containerd-shim-runc-v2.* -id d3' || return
    for _ in {1..100}; do pgrep -f '^sleep 3000' >/dev/null || break; sleep 0.1; done
    ! pgrep -f '^sleep 3000'
}
want 'a killed shim: the container is removed' 0 '' shim_killed
ctr task delete --force d3 >/dev/null 2>&1
ctr container rm d3 >/dev/null 2>&1
finish
