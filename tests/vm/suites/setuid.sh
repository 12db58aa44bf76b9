#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# The set-uid workflow where cgroup v2 has every controller: what engine.conf offers an ordinary user, and what it does not.
. /engine/lib.sh
as_user

# As './build.sh install --setuid' has it.
prefix=/opt/engine-setuid
libexec=$prefix/libexec/engine
install -d "$prefix/bin" "$libexec" /etc/engine
cp /engine/bin/engine "$prefix/bin/"
install -m 0755 /engine/libexec/engine/* "$libexec"
install -m 0711 /engine/bin/engine "$libexec/master"
install -m 4755 /engine/libexec/engine/starter "$libexec/starter-suid"
site() { printf '%s\n' "allow_setuid = yes" "libexec = $libexec" "$@" >/etc/engine/engine.conf; }
suid() { as "$prefix/bin/engine" "$@" </dev/null; }
# Fields of the user's bundles that are his.
own='.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities) | .mounts |= map(.options -= ["gid=5"])'
state_of() { suid oci state "$id" | jq -r "$1"; }
status_is() { [[ $(state_of .status) == "$1" ]]; }
tree=$CGROUP/engine/user-1000

site "cgroups = yes" "cgroup_memory_max = 134217728" "cgroup_pids_max = 60"
shell='i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; done'
bundle "$own"' | .linux.resources = {memory: {limit: 67108864, swap: 67108864}, pids: {limit: 20}, cpu: {quota: 50000, period: 100000}}' /bin/sh -c "$shell"
ok "create" suid oci create "$id" -b "$dir"
ok "start" suid oci start "$id"
is "the workflow" "$(state_of .engine.workflow)" setuid
pid=$(state_of .pid)
is "the payload is the user's" "$(awk '/^Uid/ {print $2, $3}' "/proc/$pid/status")" "1000 1000"
is "its cgroup" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "/engine/user-1000/$id"
is "alone in it" "$(file cgroup.procs)" "$pid"
is "memory.max" "$(file memory.max)" 67108864
is "pids.max" "$(file pids.max)" 20
is "cpu.max" "$(file cpu.max)" "50000 100000"
is "above it the site's limits" "$(<"$tree/memory.max") $(<"$tree/pids.max")" "134217728 60"
is "which are root's" "$(stat -c %u "$tree/memory.max" "$tree/pids.max" | sort -u)" 0
for controller in cpu io memory pids; do like "controller $controller is there" "$(file cgroup.controllers)" "\b$controller\b"; done

count() { cat "/proc/$pid/root/dev/shm/count"; }
ok "the payload counts" eventually eval '(($(count) > 3))'
ok "pause" suid oci pause "$id"
is "it is frozen" "$(key cgroup.events frozen)" 1
before=$(count)
sleep 1
is "nothing moves" "$(count)" "$before"
ok "resume" suid oci resume "$id"
ok "it counts on" eventually eval '[[ $(count) != "$before" ]]'
is "exec is in the same cgroup" "$(suid oci exec "$id" cat /proc/self/cgroup)" "0::/engine/user-1000/$id"
like "the limit of processes holds" "$(suid oci exec "$id" sh -c 'for i in $(seq 30); do sleep 5 & done; echo all' 2>&1)" "can't fork|Resource temporarily"
echo '{"memory": {"limit": 50331648, "swap": 50331648}, "pids": {"limit": 40}}' >"$WORK/update.json"
ok "update" suid oci update "$id" --from-file "$WORK/update.json"
is "after the update" "$(file memory.max) $(file pids.max)" "50331648 40"

# What the administrator gave to all of his containers, nobody can exceed: the container's own limit may say what it likes.
echo '{"memory": {"limit": 1073741824, "swap": 1073741824}, "pids": {"limit": 10000}}' >"$WORK/update.json"
ok "an update above the site's limits" suid oci update "$id" --from-file "$WORK/update.json"
like "does not lift the site's limit of processes" "$(suid oci exec "$id" sh -c 'for i in $(seq 90); do sleep 9 & done; echo all' 2>&1)" "can't fork|Resource temporarily"
ok "nor can the user" eval '! as sh -c "echo max >$tree/pids.max || echo max >$tree/memory.max"'
ok "delete --force" suid oci delete --force "$id"
is "the user's tree is empty" "$(find "$tree" -mindepth 1 -type d | wc -l)" 0

# Over the limit: killed, and the state says why. The site's limit does the same.
over='["/bin/dd", "if=/dev/zero", "of=/dev/shm/x", "bs=1M", "count=50"]'
bundle "$own"' | .linux.resources.memory = {limit: 33554432, swap: 33554432} | .process.args = '"$over" /bin/true
ok "create and start" eval 'suid oci create "$id" -b "$dir" && suid oci start "$id"'
ok "a payload over its memory ends" eventually status_is stopped
is "with SIGKILL, and it was the limit" "$(state_of .exitCode) $(state_of .oomKilled)" "137 true"
suid oci delete "$id"
site "cgroups = yes" "cgroup_memory_max = 33554432"
bundle "$own | .process.args = $over" /bin/true
suid oci run "$id" -b "$dir" >/dev/null 2>&1
is "over the site's memory, without a limit of its own: SIGKILL" "$?" 137
is "the user's tree is empty" "$(find "$tree" -mindepth 1 -type d | wc -l)" 0

# An instance.
bundle "$own"' | .linux.resources = {memory: {limit: 25165824}, pids: {limit: 20}}' /bin/sleep 1000
ok "instance start" suid instance start "$dir" "$id"
like "instance stats" "$(suid instance stats --json "$id" | jq -c '[.. | numbers]')" '\b25165824\b'
ok "instance stop" suid instance stop "$id"
is "the user's tree is empty" "$(find "$tree" -mindepth 1 -type d | wc -l)" 0
rmdir "$tree" "$CGROUP/engine"

# A site that offers no cgroups.
site "cgroups = no"
bundle "$own" /bin/sleep 1000
said=$(suid oci create "$id" -b "$dir" 2>&1)
like "without cgroups create says so" "$said" "cgroups = yes in engine.conf"
suid oci start "$id"
like "and pause why not" "$(suid oci pause "$id" 2>&1)" "no freezer cgroup"
suid oci delete --force "$id"
bundle "$own"' | .linux.resources.pids = {limit: 20}' /bin/true
said=$(suid oci create "$id" -b "$dir" 2>&1)
like "a limit is refused by its path" "$said" "linux.resources.pids.limit: the cgroup controller 'pids'.*not delegated"
ok "nothing was made" test ! -e "$CGROUP/engine"
# What the user's manager has delegated is his all the same.
said=$(session "$prefix/bin/engine" oci run "$id" -b "$dir" </dev/null 2>&1)
is "in a delegated scope the limit is taken" "$?:$said" "0:"
rm -rf "$prefix" /etc/engine
finish
