#!/usr/bin/env bash
# podman as an ordinary user with subordinate ids.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane podman-rootless "${BASH_SOURCE[0]}"
image
ordinary_user cliu 64322
as_cliu mkdir -p .config/containers
cat >"$W/home/cliu/.config/containers/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=32768:32768"]
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "${RT##*/}"
runtime_supports_json = ["crun", "runc", "engine-runc"]
[engine.runtimes]
${RT##*/} = ["$RT"]
END
printf '[storage]\ndriver = "overlay"\n' >"$W/home/cliu/.config/containers/storage.conf"
chown -R cliu: "$W/home/cliu"
chmod 644 "$W/image.tar"
# slirp4netns needs a tun device that the user may open.
tun=
if [[ -e /sys/class/misc/tun ]]; then
    mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && tun=1
    MOUNTS=$(mounts)
fi
as_cliu podman load -qi "$W/image.tar" >/dev/null
p=(as_cliu podman)
r=("${p[@]}" run --rm)
printf 'podman-rootless: %s\n' "$(podman --version)"

want 'info' 0 "^true ${RT##*/}$" "${p[@]}" info --format '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}'
want 'run --rm' 0 '^uid=0' "${r[@]}" bb id
want 'run: stdin' 0 '^in$' bash -c 'echo in | as_cliu podman run --rm -i bb cat'
want 'run -t' 0 'terminal$' tty "${r[@]}" -t bb sh -c 'test -t 0 && echo terminal'
want 'run: exit code' 7 '' "${r[@]}" bb sh -c 'exit 7'
want 'run: not executable is 126' 126 '' "${r[@]}" bb /etc/passwd
want 'run: missing command is 127' 127 '' "${r[@]}" bb no-such-command
want 'run: ids of the caller' 0 '^ +0 +64322 +1$' "${r[@]}" bb cat /proc/self/uid_map
want 'run --userns keep-id' 0 '^uid=64322' "${r[@]}" --userns keep-id bb id
want 'run --userns nomap' 0 '^uid=0' "${r[@]}" --userns nomap bb id
want 'run --userns auto' 0 '^uid=0' "${r[@]}" --userns auto bb id
want 'run --user' 0 '^uid=1000' "${r[@]}" --user 1000 bb id
want 'run --cap-drop --cap-add' 0 '^CapEff:.0000000000000001$' "${r[@]}" --cap-drop all --cap-add chown bb grep CapEff /proc/self/status
want 'run --privileged' 0 '^Seccomp:.0$' "${r[@]}" --privileged bb grep Seccomp: /proc/self/status
want 'run: default seccomp profile' 0 '^Seccomp:.2$' "${r[@]}" bb grep Seccomp: /proc/self/status
want 'run --read-only --tmpfs' 0 '^written$' "${r[@]}" --read-only --tmpfs /t bb sh -c 'touch /x 2>/dev/null || touch /t/y && echo written'
want 'run --device' 0 '/dev/mine' "${r[@]}" --device /dev/null:/dev/mine bb sh -c 'echo x >/dev/mine && ls /dev/mine'
want 'run --init' 0 '^ +1 .*init' "${r[@]}" --init bb ps -o pid,args
want 'run --systemd always' 0 '^writable$' "${r[@]}" --systemd always bb sh -c 'touch /run/x && echo writable'
want 'run --net host' 0 'LOOPBACK,UP' "${r[@]}" --net host bb ip link show lo
want 'run --pid host' 0 'podman' "${r[@]}" --pid host bb ps -o args
if [[ $tun ]]; then want 'run --net slirp4netns' 0 'tap0' "${r[@]}" --net slirp4netns bb ip link show tap0
else skip 'run --net slirp4netns' 'this kernel has no tun device'; fi
as_cliu sh -c 'mkdir data && echo from-host >data/file'
want 'run -v' 0 '^from-host$' "${r[@]}" -v "$W/home/cliu/data:/d" bb sh -c 'cat /d/file && echo more >/d/written'
want 'run -v: belongs to the user' 0 '^cliu$' stat -c %U "$W/home/cliu/data/written"
want 'run -v :U' 0 '^1000$' "${r[@]}" --user 1000 -v vol:/v:U bb stat -c %u /v
as_cliu podman volume rm vol >/dev/null 2>&1

want 'run -d' 0 '^[0-9a-f]{64}$' "${p[@]}" run -d --name c1 bb sh -c 'trap "echo bye; exit 3" TERM; echo started; while :; do sleep 0.1; done'
eventually 'logs' '^started$' "${p[@]}" logs c1
want 'exec' 0 '^out$' "${p[@]}" exec c1 echo out
want 'exec: exit code' 9 '' "${p[@]}" exec c1 sh -c 'exit 9'
want 'exec: missing command is 127' 127 '' "${p[@]}" exec c1 no-such-command
want 'exec -it' 0 'terminal$' tty "${p[@]}" exec -it c1 sh -c 'test -t 0 && echo terminal'
want 'exec --user' 0 '^1000$' "${p[@]}" exec --user 1000 c1 id -u
want 'top' 0 '^root +1 ' "${p[@]}" top c1 user pid args
want 'stop' 0 '' "${p[@]}" stop -t 10 c1
want 'stop: exit code of the payload' 0 '^exited 3$' "${p[@]}" inspect --format '{{.State.Status}} {{.State.ExitCode}}' c1
want 'start' 0 '' "${p[@]}" start c1
want 'kill' 0 '' "${p[@]}" kill c1
want 'rm' 0 '' "${p[@]}" rm -f c1
want 'pod: create, run, remove' 0 '^in the pod$' as_cliu sh -c 'podman pod create --name p1 && podman run --rm --pod p1 bb echo in the pod && podman pod rm -f p1'
as_cliu podman rm -fa -t 0 >/dev/null 2>&1
# The process that holds the user namespace, and what it mounted there, ends with this.
as_cliu podman system migrate >/dev/null 2>&1
finish
