#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# Pause and resume by cgroup.freeze, kill by cgroup.kill.
. /engine/lib.sh

# shellcheck disable=SC2016 # the container's shell expands it
begin . /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; done' && {
    count() { cat "$dir/rootfs/count"; }
    ok "the payload counts" eventually eval '(($(count) > 3))'
    ok "pause" "$ENGINE" oci pause "$id"
    is "cgroup.freeze" "$(file cgroup.freeze)" 1
    is "cgroup.events says frozen" "$(key cgroup.events frozen)" 1
    is "status" "$(state .status)" paused
    before=$(count)
    sleep 1
    is "nothing moves" "$(count)" "$before"
    ok "resume" "$ENGINE" oci resume "$id"
    is "cgroup.events says thawed" "$(key cgroup.events frozen)" 0
    ok "it counts on" eventually eval '[[ $(count) != "$before" ]]'
    ok "pause again" "$ENGINE" oci pause "$id"
    directory=$(cgroup_of "$pid")
    ok "a paused container is deleted by force" "$ENGINE" oci delete --force "$id"
    ok "its cgroup is gone" test ! -e "$directory"
}

# Children that left their session and ignore signals.
begin . /bin/sh -c 'for i in 1 2 3 4 5; do setsid /probe ignore 15 forever & done; wait' && {
    ok "five children" eventually eval '(($(file cgroup.procs | wc -l) >= 6))'
    directory=$(cgroup_of "$pid")
    ok "kill --all" "$ENGINE" oci kill --all "$id" KILL
    ok "everything is gone" eventually test ! -e "$directory"
    remove
}
finish
