#!/usr/bin/env bash
# dockerd with a data root and a socket of its own; it starts its own containerd.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane docker "${BASH_SOURCE[0]}"
image

service dockerd dockerd --data-root "$W/docker" --exec-root /run/docker --host unix:///run/docker.sock --pidfile /run/docker.pid \
    --add-runtime "mine=$RT" --default-runtime mine --exec-opt native.cgroupdriver=cgroupfs
export DOCKER_HOST=unix:///run/docker.sock DOCKER_BUILDKIT=0
# Debian's client: another one may come first on PATH.
docker() { timeout -k 5 60 /usr/bin/docker "$@"; }
export -f docker
[[ -x /usr/bin/docker ]] || { skip all 'no /usr/bin/docker: the Debian package docker.io brings it'; finish; }
wait_for dockerd /usr/bin/docker version
# dockerd keeps the parent of its containers' cgroups, its data root (bound to itself) and the network namespace of the host.
MAY_STAY_CGROUPS='/docker$' MAY_STAY_MOUNTS='^/run/docker/netns(/default)?$|^/run/lane/docker$'
printf 'docker: %s\n' "$(docker version --format 'server {{.Server.Version}}, client {{.Client.Version}}')"
docker load -qi "$W/image.tar" >/dev/null
readonly BB=localhost/bb

limit() { printf 'cat /sys/fs/cgroup/%s /sys/fs/cgroup/%s 2>/dev/null || true' "$1" "$2"; }
r=(run --rm --network none)

# --- one command
want 'info names the runtime' 0 'mine' docker info --format '{{.DefaultRuntime}}'
want 'run --rm' 0 '^hi$' docker "${r[@]}" $BB echo hi
want 'run: stdin' 0 '^in$' bash -c "echo in | docker run --rm -i --network none $BB cat"
want 'run -t' 0 'terminal$' tty /usr/bin/docker "${r[@]}" -t $BB sh -c 'test -t 0 && echo terminal'
want 'run: exit code' 7 '' docker "${r[@]}" $BB sh -c 'exit 7'
want 'run: error of docker is 125' 125 '' docker run --no-such-flag $BB true
want 'run: not executable is 126' 126 '' docker "${r[@]}" $BB /etc/passwd
want 'run: missing command is 127' 127 '' docker "${r[@]}" $BB no-such-command
want 'run: environment, user, directory' 0 '^X=y 1000 10 /tmp$' docker "${r[@]}" -e X=y -u 1000:10 -w /tmp $BB sh -c 'echo X=$X $(id -u) $(id -g) $(pwd)'
want 'run: hostname' 0 '^box$' docker "${r[@]}" --hostname box $BB hostname
want 'run --read-only --tmpfs' 0 '^written$' docker "${r[@]}" --read-only --tmpfs /t $BB sh -c 'touch /x 2>/dev/null || touch /t/y && echo written'
want 'run --device' 0 '^crw.* 1, +3 .*/dev/mine' docker "${r[@]}" --device /dev/null:/dev/mine $BB ls -l /dev/mine
want 'run --ulimit' 0 '^100 200$' docker "${r[@]}" --ulimit nofile=100:200 $BB sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
want 'run --cap-drop --cap-add' 0 '^CapEff:.0000000000002000$' docker "${r[@]}" --cap-drop all --cap-add net_raw $BB grep CapEff /proc/self/status
want 'run: default seccomp profile' 0 '^Seccomp:.2$' docker "${r[@]}" $BB grep Seccomp: /proc/self/status
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >"$W/etc/seccomp.json"
want 'run: own seccomp profile' 1 'Operation not supported|Not supported' docker "${r[@]}" --security-opt seccomp="$W/etc/seccomp.json" $BB mkdir /x
want 'run: no-new-privileges' 0 '^NoNewPrivs:.1$' docker "${r[@]}" --security-opt no-new-privileges $BB grep NoNewPrivs /proc/self/status
want 'run --init' 0 '^ +1 .*docker-init' docker "${r[@]}" --init $BB ps -o pid,args
want 'run --sysctl' 0 '^77$' docker "${r[@]}" --sysctl kernel.msgmax=77 $BB cat /proc/sys/kernel/msgmax
want 'run --cgroupns private' 0 ':/$' docker "${r[@]}" --cgroupns private $BB cat /proc/self/cgroup
want 'run --pid host' 0 'dockerd' docker "${r[@]}" --pid host $BB ps -o args
want 'run --network host' 0 'LOOPBACK,UP' docker run --rm --network host $BB ip link show lo
if ((0x$(awk '/^CapBnd/ {print $2}' /proc/self/status) >> 24 & 1)); then
    want 'run --privileged' 0 '^Seccomp:.0$' docker "${r[@]}" --privileged $BB grep Seccomp: /proc/self/status
else
    skip 'run --privileged' 'docker asks for CAP_SYS_RESOURCE, which this process lacks'
fi

# --- limits and volumes
want 'run --memory' 0 '^67108864$' docker "${r[@]}" --memory 64m $BB sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'run --pids-limit' 0 '^55$' docker "${r[@]}" --pids-limit 55 $BB sh -c "$(limit pids/pids.max pids.max)"
want 'run --cpus' 0 '^50000' docker "${r[@]}" --cpus 0.5 $BB sh -c "$(limit cpu/cpu.cfs_quota_us cpu.max)"
want 'run: out of memory' 137 '' docker "${r[@]}" --memory 16m --memory-swap 16m $BB dd if=/dev/zero of=/dev/null bs=64M count=1
mkdir -p "$W/data" && echo from-host >"$W/data/file"
want 'run -v' 0 '^from-host$' docker "${r[@]}" -v "$W/data:/d" $BB sh -c 'cat /d/file && echo more >/d/written'
want 'run -v :ro' 1 'Read-only file system' docker "${r[@]}" -v "$W/data:/d:ro" $BB touch /d/x
want 'run -v NAME' 0 '^kept$' bash -c "docker ${r[*]} -v vol:/v $BB sh -c 'echo kept >/v/k' && docker ${r[*]} -v vol:/v $BB cat /v/k && docker volume rm vol"

# --- a container that stays, on the bridge
want 'run -d' 0 '^[0-9a-f]{64}$' docker run -d --name c1 -p 127.0.0.1:18081:80 --health-cmd 'test -e /healthy' --health-interval 1s $BB sh -c 'trap "echo got USR1" USR1; trap "echo bye; exit 3" TERM; mkdir /w; echo served >/w/i; httpd -h /w; echo started; while :; do sleep 0.1; done'
want 'ps' 0 '^c1 Up' docker ps --format '{{.Names}} {{.Status}}'
eventually 'logs' '^started$' /usr/bin/docker logs c1
eventually 'bridge network with a published port' '^served$' busybox wget -qO- http://127.0.0.1:18081/i
want 'exec' 0 '^out$' docker exec c1 echo out
want 'exec: exit code' 9 '' docker exec c1 sh -c 'exit 9'
want 'exec: missing command' 126 'not found|no such file' docker exec c1 no-such-command
want 'exec: environment, user, directory' 0 '^b 1000 /tmp$' docker exec -e A=b -u 1000 -w /tmp c1 sh -c 'echo $A $(id -u) $(pwd)'
want 'exec: stdin' 0 '^typed$' bash -c 'echo typed | docker exec -i c1 cat'
want 'exec -it' 0 'terminal$' tty /usr/bin/docker exec -it c1 sh -c 'test -t 0 && echo terminal'
want 'exec -d' 0 '' docker exec -d c1 touch /healthy
eventually 'health check' '^healthy$' /usr/bin/docker inspect --format '{{.State.Health.Status}}' c1
want 'top' 0 'httpd' docker top c1
want 'stats' 0 '^c1 [1-9][0-9]*$' docker stats --no-stream --format '{{.Name}} {{.PIDs}}' c1
want 'update --memory' 0 '' docker update --memory 48m --memory-swap 96m c1
want 'update --memory: applied' 0 '^50331648$' docker exec c1 sh -c "$(limit memory/memory.limit_in_bytes memory.max)"
want 'pause' 0 '' docker pause c1
want 'pause: state' 0 '^paused$' docker inspect --format '{{.State.Status}}' c1
want 'unpause' 0 '' docker unpause c1
want 'unpause: state' 0 '^running$' docker inspect --format '{{.State.Status}}' c1
want 'kill --signal' 0 '' docker kill --signal USR1 c1
eventually 'kill --signal: arrived' '^got USR1$' /usr/bin/docker logs c1
want 'cp' 0 '^from-host$' bash -c "docker cp $W/data/file c1:/copied && docker exec c1 cat /copied"
want 'commit' 0 '^sha256:' docker commit c1 localhost/committed
want 'stop' 0 '' docker stop -t 10 c1
want 'stop: exit code of the payload' 0 '^exited 3$' docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' c1
want 'start' 0 '' docker start c1
want 'restart' 0 '' docker restart -t 0 c1
want 'kill' 0 '' docker kill c1
want 'wait' 0 '^137$' docker wait c1
want 'rm' 0 '' docker rm c1

want 'attach' 0 '^read line$' bash -c "docker run -d -i --name c3 --network none $BB sh -c 'read line; echo read \$line; sleep 1' >/dev/null && (echo line; sleep 1) | docker attach c3"
docker rm -f c3 >/dev/null 2>&1
docker run -d --name c4 --network none $BB sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1
want 'network and pid of another container' 0 'trap' docker run --rm --network container:c4 --pid container:c4 $BB ps -o pid,args
want 'stop: a payload that ignores SIGTERM' 0 '' docker stop -t 1 c4
want 'stop: is killed' 0 '^exited 137$' docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' c4
docker rm -f c4 >/dev/null 2>&1
want 'restart policy' 0 '^2$' bash -c "docker run -d --name c6 --network none --restart on-failure:2 $BB false && for i in 1 2 3 4 5 6 7 8 9; do docker inspect --format '{{.RestartCount}}' c6 | grep 2 && break; sleep 0.5; done"
docker rm -f c6 >/dev/null 2>&1
docker run -d --name c7 --network none $BB sleep 1000 >/dev/null 2>&1
want 'rm -f of a paused container' 0 '' bash -c 'docker pause c7 && docker rm -f c7'

# --- build
mkdir "$W/context"
printf 'FROM %s\nRUN echo built >/built\nCMD cat /built\n' $BB >"$W/context/Dockerfile"
want 'build' 0 '^sha256:' docker build -q --network none -t localhost/built "$W/context"
want 'build: result' 0 '^built$' docker "${r[@]}" localhost/built
finish
