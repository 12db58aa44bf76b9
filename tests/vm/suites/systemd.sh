#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# The systemd cgroup driver, with systemd as pid 1.
. /engine/lib.sh

shown() { systemctl show -P "$2" "$1"; }
no_unit() { [[ $(systemctl show -P LoadState "$1") == not-found ]]; }
# runtime VERB...: engine-runc with the driver; detached streams, so that nothing waits for the payload.
runtime() { "$RUNC" --root "$ENGINE_ROOT/runc" --systemd-cgroup "$@" </dev/null >"$WORK/out" 2>&1; }
said() { cat "$WORK/out"; }

bundle '.linux.cgroupsPath = "machine-vm.slice:engine:'"$SUITE"'-1"
    | .annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 5000000", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'"}
    | .linux.resources = {
        memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
        cpu: {shares: 2048, quota: 50000, period: 100000, cpus: "0-1", mems: "0"},
        pids: {limit: 32}, unified: {"memory.high": "62914560"},
        hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}' /bin/sleep 1000
unit=engine-$id.scope
runtime create -b "$dir" --pid-file "$WORK/pid" "$id" || said | quote
pid=$(<"$WORK/pid")
is "create makes a scope" "$(shown "$unit" ActiveState)" active
is "it is transient" "$(shown "$unit" Transient)" yes
is "in its slice" "$(shown "$unit" ControlGroup)" "/machine.slice/machine-vm.slice/$unit"
is "and the container is in it" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "/machine.slice/machine-vm.slice/$unit"
is "alone" "$(file cgroup.procs)" "$pid"
is "the cgroup is delegated" "$(shown "$unit" Delegate)" yes
is "MemoryMax" "$(shown "$unit" MemoryMax)" 67108864
is "MemoryLow" "$(shown "$unit" MemoryLow)" 33554432
is "MemoryHigh" "$(shown "$unit" MemoryHigh)" 62914560
is "MemorySwapMax" "$(shown "$unit" MemorySwapMax)" 33554432
is "CPUWeight is the file's" "$(shown "$unit" CPUWeight)" "$(file cpu.weight)"
is "CPUQuotaPerSecUSec" "$(shown "$unit" CPUQuotaPerSecUSec)" 500ms
is "AllowedCPUs" "$(shown "$unit" AllowedCPUs)" 0-1
is "AllowedMemoryNodes" "$(shown "$unit" AllowedMemoryNodes)" 0
is "TasksMax" "$(shown "$unit" TasksMax)" 32
is "an annotation's property" "$(shown "$unit" TimeoutStopUSec)" 5s
is "another" "$(shown "$unit" CollectMode)" inactive-or-failed
is "memory.max" "$(file memory.max)" 67108864
is "what systemd has no word for" "$(file hugetlb.2MB.max)" 4194304
ok "start" runtime start "$id"
systemctl daemon-reload
is "memory.max after a daemon-reload" "$(file memory.max)" 67108864
is "cpu.max after a daemon-reload" "$(file cpu.max)" "50000 100000"

ok "update" runtime update --memory 134217728 --memory-swap 134217728 --cpu-quota 20000 --pids-limit 64 "$id"
is "MemoryMax after the update" "$(shown "$unit" MemoryMax)" 134217728
is "CPUQuotaPerSecUSec after the update" "$(shown "$unit" CPUQuotaPerSecUSec)" 200ms
is "TasksMax after the update" "$(shown "$unit" TasksMax)" 64
is "memory.max after the update" "$(file memory.max)" 134217728
systemctl daemon-reload
is "pids.max after another daemon-reload" "$(file pids.max)" 64
echo '{"cpu": {"shares": 512, "cpus": "0"}, "memory": {"limit": 100663296, "swap": 117440512, "reservation": 16777216}, "unified": {"memory.high": "83886080"}}' >"$WORK/update.json"
ok "update by a document" runtime update --resources "$WORK/update.json" "$id"
is "MemoryMax, MemoryHigh, MemoryLow, MemorySwapMax" "$(for p in Max High Low SwapMax; do shown "$unit" "Memory$p"; done | paste -sd ' ')" "100663296 83886080 16777216 16777216"
is "CPUWeight, AllowedCPUs" "$(shown "$unit" CPUWeight) $(shown "$unit" AllowedCPUs)" "$(file cpu.weight) 0"
systemctl daemon-reload
is "the files after a daemon-reload" "$(for f in memory.max memory.high memory.low memory.swap.max cpuset.cpus; do file "$f"; done | paste -sd ' ')" "100663296 83886080 16777216 16777216 0"

# The same unit cannot be had twice, and the first one is not hurt.
first=$id
bundle '.linux.cgroupsPath = "machine-vm.slice:engine:'"$first"'"' /bin/true
ok "a second container with the unit's name is refused" eval '! runtime create -b "$dir" "$id"'
like "by name" "$(said)" "$unit"
is "the first one lives" "$(shown "$unit" ActiveState)" active

ok "delete --force" runtime delete --force "$first"
ok "the unit is gone" eventually no_unit "$unit"
ok "its cgroup is gone" test ! -e "$CGROUP/machine.slice/machine-vm.slice/$unit"

# A payload that ends takes the scope along; delete finds nothing to stop.
bundle '.linux.cgroupsPath = "" | .linux.resources.pids = {limit: 1}' /bin/true
ok "run with a limit of one process" runtime run -b "$dir" "$id"
ok "nothing is left of its unit" eventually no_unit "engine-$id.scope"

bundle '.linux.cgroupsPath = ":engine:one" | .linux.resources.pids = {limit: 1}' /bin/sleep 1000
ok "create with a limit of one process" runtime create -b "$dir" "$id"
is "the limit holds once it is created" "$(shown engine-one.scope TasksMax)" 1
runtime delete --force "$id"

bundle '.linux.cgroupsPath = ":engine:two" | .annotations = {"org.systemd.property.OnFailure": "['"'x.service'"']"}' /bin/true
ok "an annotation outside the list is refused" eval '! runtime create -b "$dir" "$id"'
like "by name" "$(said)" "org.systemd.property.OnFailure"
ok "and nothing is left" no_unit engine-two.scope

bundle '.linux.cgroupsPath = "/plain/path"' /bin/true
ok "a path is refused" eval '! runtime create -b "$dir" "$id"'
like "with the form" "$(said)" "slice:prefix:name"

bundle '.linux.cgroupsPath = ":engine:fails" | .process.args = ["/not/there"]' /bin/true
ok "a creation that fails" eval '! runtime create -b "$dir" "$id"'
ok "leaves no unit" eventually no_unit engine-fails.scope

# systemd stops the unit: the container ends.
bundle '.linux.cgroupsPath = ":engine:stopped"' /bin/sleep 1000
ok "create and start" eval 'runtime create -b "$dir" "$id" && runtime start "$id"'
ok "systemctl stop" systemctl stop engine-stopped.scope
is "ends the container" "$("$RUNC" --root "$ENGINE_ROOT/runc" state "$id" | jq -r .status)" stopped
ok "delete" runtime delete "$id"
rmdir "$ENGINE_ROOT/runc"

# The monitored flavour.
bundle '.linux.cgroupsPath = ":engine:oci" | .linux.resources.memory = {limit: 67108864}' /bin/sleep 1000
ok "engine oci create --systemd-cgroup" "$ENGINE" oci create --systemd-cgroup "$id" -b "$dir"
ok "start" "$ENGINE" oci start "$id"
pid=$(state .pid)
is "its cgroup" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" /system.slice/engine-oci.scope
is "MemoryMax" "$(shown engine-oci.scope MemoryMax)" 67108864
echo '{"memory": {"limit": 33554432}}' >"$WORK/update.json"
ok "update" "$ENGINE" oci update "$id" --from-file "$WORK/update.json"
is "MemoryMax after the update" "$(shown engine-oci.scope MemoryMax)" 33554432
ok "exec is in the scope" eval '[[ $("$ENGINE" oci exec "$id" /bin/cat /proc/self/cgroup) == *engine-oci.scope ]]'
ok "delete --force" "$ENGINE" oci delete --force "$id"
ok "the unit is gone" eventually no_unit engine-oci.scope
finish
