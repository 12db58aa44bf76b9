#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# podman of an ordinary user with systemd's driver: it calls the runtime as root of a user namespace.
. /engine/lib.sh
as_user
cd /
modprobe overlay
pod() { session podman --cgroup-manager=systemd --runtime "$RUNC" "$@" </dev/null; }
ours=/user.slice/user-1000.slice/user@1000.service

tar -C /engine/bundle/rootfs -c . | as podman import - box >/dev/null 2>&1
made=$(pod run -d --name one --network none --memory 64m --pids-limit 20 box /bin/sleep 1000 2>&1)
like "run" "$made" "^[0-9a-f]{64}$"
unit=libpod-$made.scope
pid=$(pod inspect -f '{{.State.Pid}}' one)
is "the container is in a scope of the user's" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$ours/user.slice/$unit"
is "memory.max" "$(file memory.max)" 67108864
is "pids.max" "$(file pids.max)" 20
is "systemd knows it" "$(as systemctl --user show -P MemoryMax "$unit")" 67108864
like "stats" "$(pod stats --no-stream --format '{{.MemUsage}}' one)" " / 67.11MB"
like "the limit of processes holds" "$(pod exec one sh -c 'for i in $(seq 30); do sleep 5 & done; echo all' 2>&1)" "can't fork|Resource temporarily"
ok "pause" pod pause one
is "it is frozen" "$(key cgroup.events frozen)" 1
ok "unpause" pod unpause one
ok "rm" pod rm -f -t 0 one
is "the unit is gone" "$(as systemctl --user show -P LoadState "$unit")" not-found
pod run --rm --network none --memory 16m --memory-swap 16m box dd if=/dev/zero of=/dev/shm/x bs=1M count=40 >/dev/null 2>&1
is "over its memory a payload ends with SIGKILL" "$?" 137
finish
