#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# Device rules as a BPF program on cgroup v2.
. /engine/lib.sh

rules='.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rw"}]'
# The engine's own list, as runc's, lets nodes be made, and the default devices be used.
# shellcheck disable=SC2016 # the container's shell expands it
once "$rules"' | .process.capabilities[] += ["CAP_MKNOD"]' /bin/sh -c 'mknod /tmp/mem c 1 1 && cat /tmp/mem; echo x >/dev/null && echo wrote null'
like "an allowed device can be written" "$output" "^wrote null"
like "a device that is not allowed cannot be opened, whoever made its node" "$output" "mem.*: Operation not permitted"

once '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}] | .linux.resources.devices = [{allow: false, access: "rwm"}]' /bin/sh -c 'echo x >/dev/kmsg'
like "a node that is there but not allowed cannot be opened" "$output" "Operation not permitted"
once '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}] | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "w"}]' /bin/sh -c 'echo x >/dev/kmsg && echo wrote'
like "and with a rule it can" "$output" "^wrote"

# An update replaces the program while the payload runs.
begin '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]
    | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "w"}]' /bin/sleep 1000 && {
    ok "the device before the update" "$ENGINE" oci exec "$id" /bin/sh -c 'echo x >/dev/kmsg'
    echo '{"devices": [{"allow": false, "access": "rwm"}]}' >"$WORK/update.json"
    ok "update of the device rules" "$ENGINE" oci update "$id" --from-file "$WORK/update.json"
    like "and after it" "$("$ENGINE" oci exec "$id" /bin/sh -c 'echo x >/dev/kmsg' 2>&1)" "Operation not permitted"
    remove
}
finish
