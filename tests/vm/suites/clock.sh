#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# The machine's clock is set while containers run (FI24): nothing that is waited for takes another time, nothing is taken for ended.
. /engine/lib.sh

uptime_now() { cut -d. -f1 /proc/uptime; }
# took LEAST MOST COMMAND...: it ends after so many seconds of the machine's life, whatever its clock says; the status is the command's.
took() {
    local least=$1 most=$2 begin status=0 seconds
    shift 2
    begin=$(uptime_now)
    "$@" || status=$?
    seconds=$(($(uptime_now) - begin))
    ((seconds >= least && seconds <= most)) || { echo "took $seconds s"; return 1; }
    return "$status"
}
# later_set DATE: sets the clock in a second, while something waits.
later_set() { (sleep 1; date -s "$1" >/dev/null) & }
last_log() { tail -n 1 "$ENGINE_ROOT/$id/$id.log"; }

began=$(date +%s) up=$(uptime_now)
for step in "1 year ago" "1970-01-02 00:00:00" "2036-02-29 23:59:59"; do
    begin '.hooks.poststop = [{path: "/bin/true"}]' /bin/sh -c 'trap "" TERM; while :; do echo tick; sleep 1; done' || continue
    date -s "$step" >/dev/null
    is "clock set to $step: the container runs" "$(state .status)" running
    is "and is not the pid of somebody else" "$(state .pid)" "$pid"
    like "list shows it" "$("$ENGINE" oci list)" "^$id .*running"
    ok "the log follows the clock" eventually eval 'last_log | grep -q "^$(date +%Y)-"'
    ok "exec" "$ENGINE" oci exec "$id" /bin/true
    ok "pause" "$ENGINE" oci pause "$id"
    is "paused" "$(state .status)" paused
    ok "resume" "$ENGINE" oci resume "$id"
    # What waits while the clock goes back to where it was, and beyond.
    later_set "@$((began - 100000))"
    ok "a kill that waits two seconds waits two seconds" took 2 60 "$ENGINE" oci kill --timeout 2 "$id" TERM
    ok "and then the payload is dead" eventually eval '[[ $(state .status) == stopped ]]'
    is "by SIGKILL" "$(state .exitCode)" 137
    ok "delete" "$ENGINE" oci delete "$id"
done

# A hook's time is the machine's, not the clock's: forward it is not over at once, backward it still ends.
for step in "now 1 year" "1 year ago"; do
    bundle '.hooks.prestart = [{path: "/bin/sleep", args: ["sleep", "1000"], timeout: 5}]' /bin/true
    later_set "$step"
    output=$(took 5 90 "$ENGINE" oci create "$id" -b "$dir" 2>&1 </dev/null) && echo "not ok clock: a hook without end was let through"
    like "a hook of five seconds, clock set by $step meanwhile" "$output" "killed after its timeout"
    is "it took those" "$(grep -c '^took' <<<"$output")" 0
    is "nothing is left of it" "$("$ENGINE" oci list -q)" ""
done
date -s "@$((began + $(uptime_now) - up))" >/dev/null
finish
