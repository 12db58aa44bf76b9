#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# A payload that manages cgroups itself, as systemd does: it moves into one below its own and passes controllers on. From then on the
# kernel puts no process into the container's cgroup; another process goes where the first is.
. /engine/lib.sh
as_user

inside='.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw", "nosuid", "noexec", "nodev"]}] | .linux.namespaces += [{type: "cgroup"}]'
# Arranged before the payload says so; it arranges anew at each TERM.
manager='cd /sys/fs/cgroup; n=0; arrange() { n=$((n + 1)); mkdir -p init.$n; echo 1 >init.$n/cgroup.procs; echo "+memory +pids" >cgroup.subtree_control && echo $n >/dev/shm/done; }
    trap arrange TERM; arrange; while :; do sleep 0.2; done'
arranged() { [[ $(cat "/proc/$pid/root/dev/shm/done") == "$1" ]]; }

begin "$inside"' | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}}' /bin/sh -c "$manager" && {
    own=/engine-oci/$id
    ok "the payload has passed controllers on" eventually arranged 1
    is "and is below the container's cgroup" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$own/init.1"
    ok "where the kernel lets nothing in any more" eval '! echo $$ >"$CGROUP$own/cgroup.procs"'
    is "exec goes where the first process is" "$("$ENGINE" oci exec "$id" cat /proc/self/cgroup 2>&1)" "0::/init.1"
    is "the supervisor's cgroup is the container's" "$(state '.engine.cgroups[0].path')" "$own"
    ok "update" "$ENGINE" oci update "$id" --from-file <(echo '{"pids": {"limit": 40}}')
    is "is of the container's cgroup" "$(<"$CGROUP$own/pids.max")" 40
    ok "pause" "$ENGINE" oci pause "$id"
    is "freezes what is below" "$(key cgroup.events frozen)" 1
    ok "resume" "$ENGINE" oci resume "$id"
    # Again and again while processes are put there.
    for n in 2 3 4; do
        kill -TERM "$pid"
        like "exec while it arranges anew" "$("$ENGINE" oci exec "$id" cat /proc/self/cgroup 2>&1)" "^0::/init\.[0-9]$"
        eventually arranged "$n"
    done
    remove
    ok "nothing is left of the tree" test ! -e "$CGROUP$own"
}

# While the payload arranges them for the first time.
for try in 1 2; do
    begin "$inside" /bin/sh -c "$manager" && {
        like "exec right after the start, $try" "$("$ENGINE" oci exec "$id" cat /proc/self/cgroup 2>&1)" "^0::/(init\.1)?$"
        remove
    }
done

bundle "$inside" /bin/sh -c "$manager"
ok "engine-runc" eval '"$RUNC" --root "$ENGINE_ROOT/runc" run -d -b "$dir" --pid-file "$WORK/pid" "$id" </dev/null >/dev/null 2>&1'
pid=$(<"$WORK/pid")
ok "the payload has passed controllers on" eventually arranged 1
is "exec goes where the first process is" "$("$RUNC" --root "$ENGINE_ROOT/runc" exec "$id" cat /proc/self/cgroup 2>&1)" "0::/init.1"
is "ps has what is below" "$("$RUNC" --root "$ENGINE_ROOT/runc" ps -f json "$id" | jq "index($pid)")" 0
ok "delete" "$RUNC" --root "$ENGINE_ROOT/runc" delete --force "$id"
ok "nothing is left of the tree" test ! -e "$CGROUP/$id"
rmdir "$ENGINE_ROOT/runc"

# An ordinary user's.
bundle "$inside" /bin/sh -c "$manager"
ok "rootless" eval 'as "$RUNC" --systemd-cgroup run -d -b "$dir" --pid-file "$WORK/pid" "$id" </dev/null >/dev/null 2>&1'
pid=$(<"$WORK/pid")
ok "the payload has passed controllers on" eventually arranged 1
is "exec goes where the first process is" "$(as "$RUNC" exec "$id" cat /proc/self/cgroup 2>&1)" "0::/init.1"
ok "delete" as "$RUNC" delete --force "$id"
finish
