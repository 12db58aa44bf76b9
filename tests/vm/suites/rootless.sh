#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# An ordinary user with a user manager: systemd's driver, and cgroups of his own without it.
. /engine/lib.sh
as_user

# What the user's manager says of a unit, and whether it knows one.
shown() { as systemctl --user show -P "$2" "$1"; }
no_unit() { [[ $(shown "$1" LoadState) == not-found ]]; }
no_scope() { [[ -z $(as systemctl --user list-units --type=scope --plain --no-legend 'engine-*') ]]; }
runtime() { as "$RUNC" --systemd-cgroup "$@" </dev/null >"$WORK/out" 2>&1; }
said() { cat "$WORK/out"; }
ours=/user.slice/user-1000.slice/user@1000.service
shell='trap exit TERM; while :; do sleep 1; done'

like "doctor: the manager, and what root passes on to it" "$(as "$ENGINE" doctor)" "^ok .*systemd user manager +$ours: cpu, memory, pids$"
like "doctor: outside of it nothing is delegated" "$(as "$ENGINE" doctor)" "^-- .*cgroup delegation +none"
like "doctor: inside the user's own" "$(session "$ENGINE" doctor)" "^ok .*cgroup delegation +$ours: cpu, memory, pids$"

# From a place that is not below the manager's cgroup, as a login session's or a cron job's: nobody but systemd may move a process there.
like "the caller is outside" "$(as cat /proc/self/cgroup)" "^0::/system.slice/"
bundle '.linux.cgroupsPath = "user.slice:engine:one" | .linux.resources = {memory: {limit: 67108864, swap: 67108864}, pids: {limit: 20}, cpu: {quota: 50000, period: 100000, shares: 2048}}' /bin/sh -c "$shell"
ok "create" runtime create -b "$dir" --pid-file "$WORK/pid" one
pid=$(<"$WORK/pid")
unit=engine-one.scope
is "a scope of the user's" "$(shown "$unit" ControlGroup)" "$ours/user.slice/$unit"
is "and the container is in it" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$ours/user.slice/$unit"
is "alone" "$(file cgroup.procs)" "$pid"
is "memory.max" "$(file memory.max)" 67108864
is "cpu.max" "$(file cpu.max)" "50000 100000"
is "pids.max" "$(file pids.max)" 20
is "systemd knows it" "$(shown "$unit" MemoryMax) $(shown "$unit" TasksMax)" "67108864 20"
ok "start" runtime start one
is "exec, from outside" "$(as "$RUNC" exec one cat /proc/self/cgroup)" "0::$ours/user.slice/$unit"
is "and from inside" "$(session "$RUNC" exec one cat /proc/self/cgroup)" "0::$ours/user.slice/$unit"
like "the limit of processes holds" "$(as "$RUNC" exec one sh -c 'for i in $(seq 30); do sleep 5 & done; echo all' 2>&1)" "can't fork|Resource temporarily"
ok "pause" as "$RUNC" pause one
is "it is frozen" "$(key cgroup.events frozen)" 1
ok "resume" as "$RUNC" resume one
ok "update" as "$RUNC" update --memory 134217728 --memory-swap 134217728 --pids-limit 30 one
is "memory.max after the update" "$(file memory.max)" 134217728
as systemctl --user daemon-reload
is "and after a daemon-reload" "$(file memory.max) $(file pids.max)" "134217728 30"
like "stats" "$(as "$RUNC" events --stats one | jq -c '[.data.memory.usage.limit, .data.pids.limit]')" '^\[134217728,30\]$'
ok "delete --force" as "$RUNC" delete --force one
ok "the unit is gone" eventually no_unit "$unit"
ok "its cgroup is gone" test ! -e "$CGROUP$ours/user.slice/$unit"
ok "and no scope of a starter's is left" eventually no_scope

# What root did not pass on.
bundle '.linux.resources.cpu.cpus = "0"' /bin/true
ok "a limit whose controller is not passed on is refused" eval '! runtime run -b "$dir" two'
like "by its path, and says which are" "$(said)" "linux.resources.cpu.cpus: .*'cpuset'.* is not delegated to you.*cpu, memory, pids"

bundle . /bin/true
as env -u XDG_RUNTIME_DIR "$RUNC" --systemd-cgroup run -b "$dir" two </dev/null >"$WORK/out" 2>&1
like "without a bus it says where one would be" "$(said)" "cannot reach the user's bus.*XDG_RUNTIME_DIR"
ok "run to the end" runtime run -b "$dir" two
ok "no scope is left" eventually no_scope

# The monitored flavour: supervisor, master and pump stay in a scope of their own.
bundle '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}}' /bin/sleep 1000
ok "engine oci create" as "$ENGINE" oci create --systemd-cgroup "$id" -b "$dir"
ok "engine oci start" as "$ENGINE" oci start "$id"
pid=$(as "$ENGINE" oci state "$id" | jq .pid)
is "the container is in its scope" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$ours/user.slice/engine-$id.scope"
is "alone" "$(file cgroup.procs)" "$pid"
is "its limits" "$(file memory.max) $(file pids.max)" "67108864 20"
like "exec" "$(as "$ENGINE" oci exec "$id" cat /proc/self/cgroup)" "^0::$ours/user.slice/engine-$id.scope$"
ok "pause" as "$ENGINE" oci pause "$id"
is "status" "$(as "$ENGINE" oci state "$id" | jq -r .status)" paused
ok "resume" as "$ENGINE" oci resume "$id"
echo '{"memory": {"limit": 33554432}}' >"$WORK/update.json"
ok "update" as "$ENGINE" oci update "$id" --from-file "$WORK/update.json"
is "MemoryMax after the update" "$(shown "engine-$id.scope" MemoryMax)" 33554432
ok "delete --force" as "$ENGINE" oci delete --force "$id"
ok "no scope is left" eventually no_scope

# Without the driver, in a scope that is delegated.
bundle '.linux.resources = {memory: {limit: 33554432, swap: 33554432}, pids: {limit: 20}}' /bin/sh -c "$shell"
ok "run in a delegated scope" eval 'session "$RUNC" run -d -b "$dir" --pid-file "$WORK/pid" three </dev/null >"$WORK/out" 2>&1'
pid=$(<"$WORK/pid")
is "a cgroup in the user's part of the tree" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$ours/three"
is "with the limits" "$(file memory.max) $(file pids.max)" "33554432 20"
is "exec from outside" "$(as "$RUNC" exec three cat /proc/self/cgroup)" "0::$ours/three"
like "which takes the user's manager" "$(as env -u XDG_RUNTIME_DIR "$RUNC" --root /run/user/1000/engine/runc exec three true 2>&1)" "put into the cgroup $ours/three from /system.slice.*systemd-run --user"
session "$RUNC" exec three dd if=/dev/zero of=/dev/shm/x bs=1M count=60 >/dev/null 2>&1
is "over its memory the process ends with SIGKILL" "$?" 137
ok "delete --force" as "$RUNC" delete --force three
ok "its cgroup is gone" test ! -e "$CGROUP$ours/three"

bundle '.linux.resources = {memory: {limit: 33554432, swap: 33554432}}' /bin/dd if=/dev/zero of=/dev/shm/x bs=1M count=60
session "$ENGINE" oci run "$id" -b "$dir" </dev/null >/dev/null 2>&1
is "engine oci run: a payload over its memory ends with SIGKILL" "$?" 137
ok "its cgroup is gone" test ! -e "$CGROUP$ours/engine-oci"
ok "no scope is left" eventually no_scope
finish
