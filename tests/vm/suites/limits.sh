#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# Resource limits on cgroup v2, with every controller: what the files say, and what the limit does.
. /engine/lib.sh

is "the machine is pure cgroup v2" "$(stat -f -c %T "$CGROUP")" cgroup2fs
for controller in cpuset cpu io memory hugetlb pids; do
    like "controller $controller" "$(<"$CGROUP/cgroup.controllers")" "\b$controller\b"
done

disk=$(cat /sys/block/vda/dev)
begin '.linux.resources = {
    memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
    cpu: {shares: 2048, quota: 50000, period: 100000, cpus: "1", mems: "0"},
    pids: {limit: 32},
    blockIO: {throttleReadBpsDevice: [{major: '"${disk%:*}"', minor: '"${disk#*:}"', rate: 1048576}]},
    hugepageLimits: [{pageSize: "2MB", limit: 4194304}],
    unified: {"memory.high": "62914560"}
}' /bin/sleep 1000 && {
    like "the payload is in its cgroup" "$(cat "/proc/$pid/cgroup")" "^0::/engine-oci/$id$"
    is "memory.max" "$(file memory.max)" 67108864
    is "memory.swap.max is swap less memory" "$(file memory.swap.max)" 33554432
    is "memory.low" "$(file memory.low)" 33554432
    is "memory.high from unified" "$(file memory.high)" 62914560
    is "cpu.max" "$(file cpu.max)" "50000 100000"
    ok "cpu.weight above the default" test "$(file cpu.weight)" -gt 78
    is "cpuset.cpus.effective" "$(file cpuset.cpus.effective)" 1
    is "cpuset.mems.effective" "$(file cpuset.mems.effective)" 0
    is "the payload may use that cpu only" "$(awk '/^Cpus_allowed_list/ {print $2}' "/proc/$pid/status")" 1
    is "pids.max" "$(file pids.max)" 32
    like "io.max" "$(file io.max)" "^$disk rbps=1048576 "
    is "hugetlb.2MB.max" "$(file hugetlb.2MB.max)" 4194304

    ok "update of memory, cpu and pids" "$ENGINE" oci update "$id" --from-file <(echo '{"memory": {"limit": 134217728, "swap": 134217728}, "cpu": {"quota": 20000, "period": 100000}, "pids": {"limit": 64}}')
    is "memory.max after the update" "$(file memory.max)" 134217728
    is "cpu.max after the update" "$(file cpu.max)" "20000 100000"
    is "pids.max after the update" "$(file pids.max)" 64
    directory=$(cgroup_of "$pid")
    remove
    ok "the cgroup is gone after delete" test ! -e "$directory"
}

# Memory that is written to is counted; a file in /dev/shm is such memory. The limit kills, and the state says so.
bundle '.linux.resources.memory = {limit: 33554432, swap: 33554432} | .process.args = ["/bin/dd", "if=/dev/zero", "of=/dev/shm/x", "bs=1M", "count=60"]' /bin/true
"$ENGINE" oci create "$id" -b "$dir" </dev/null && "$ENGINE" oci start "$id"
ok "a payload over its memory limit ends" eventually eval '[[ $(state .status) == stopped ]]'
is "with SIGKILL" "$(state .exitCode)" 137
is "and the state says that it was the limit" "$(state .oomKilled)" true
remove

begin '.linux.resources.cpu = {quota: 10000, period: 100000}' /bin/sh -c 'while :; do :; done' && {
    ok "a busy payload over its quota is throttled" eventually eval '(($(key cpu.stat nr_throttled) > 0))'
    remove
}

once '.linux.resources.pids = {limit: 4}' /bin/sh -c 'for i in 1 2 3 4 5 6; do sleep 5 & done; echo all'
like "no more processes than pids.limit" "$output" "can't fork|Resource temporarily"

# A floor that load cannot break: 3 MiB at 1 MiB a second.
before=$(date +%s%N)
begin '.linux.resources.blockIO.throttleReadBpsDevice = [{major: '"${disk%:*}"', minor: '"${disk#*:}"', rate: 1048576}]
    | .linux.resources.devices = [{allow: true, type: "b", access: "r"}]
    | .linux.devices = [{path: "/dev/disk", type: "b", major: '"${disk%:*}"', minor: '"${disk#*:}"'}]' \
    /bin/sh -c 'dd if=/dev/disk of=/dev/null bs=64k count=48 skip=1000 iflag=direct 2>/dev/null; sleep 1000' && {
    ok "a throttled read comes to its end" eventually eval '(($(file io.stat | sed -n "s/^'"$disk"' rbytes=\([0-9]*\).*/\1/p") >= 3145728))'
    ok "and took as long as the rate says" test $((($(date +%s%N) - before) / 1000000)) -ge 1800
    remove
}

# Reservations count: the mapping itself fails, not the first touch (which would be SIGBUS).
once '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 2097152}]' /probe syscall 9 0 2097152 3 262178 -1 0
is "one huge page within the limit" "$code" 0
like "huge pages within the limit are mapped" "$output" "ok|[0-9a-fx]+"
once '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 2097152}]' /probe syscall 9 0 8388608 3 262178 -1 0
like "huge pages over the limit are refused" "$output" "ENOMEM"

once '.linux.resources.unified = {"memory.nonsense": "1"}' /bin/true
is "an unknown unified file is refused" "$code" 255
like "by its name" "$output" "memory.nonsense"
finish
