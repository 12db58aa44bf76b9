#!/usr/bin/env bash
# One container through its whole life: every step shows the command, what came back and how long it took. In the end it looks
# for anything left behind. tests/demo.sh OUT (the built tree); `./build.sh demo` builds first.
set -euo pipefail
out=${1:?usage: tests/demo.sh OUT}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
((EUID == 0)) || { echo "demo: needs root: it shows the root workflow (sudo ./build.sh demo)" >&2; exit 1; }

readonly engine=$out/bin/engine id=demo-$$
work=$(mktemp -d /tmp/engine-demo.XXXXXX)
readonly work log=$work/demo.log
export ENGINE_ROOT=$work/state
mkdir "$ENGINE_ROOT"

say() { printf '\n\e[1m%s\e[0m\n' "$*"; }
fail() { printf '\ndemo: FAILED: %s\n' "$*" >&2; exit 1; }
now() { printf '%s' "${EPOCHREALTIME/./}"; }

# Whatever happens: no container and no directory stays.
cleanup() {
    local status=$?
    ((status == 0)) || "$engine" oci delete --force "$id" >/dev/null 2>&1 || true
    # A mount that leaked must not cost the files behind it.
    if grep -qF " $work/" /proc/self/mountinfo; then
        printf 'demo: not removed, something is mounted there: %s\n' "$work" >&2
    else
        rm -rf "$work"
    fi
}
trap cleanup EXIT

# typed COMMAND...: as one would type it.
typed() {
    local word
    printf '  $'
    for word; do
        if [[ $word =~ ^[A-Za-z0-9_./:=-]+$ ]]; then printf ' %s' "${word/#$engine/engine}"; else printf " '%s'" "$word"; fi
    done
    printf '\n'
}
# Long lines are cut, and of a state document what only the engine reads is folded.
shorten() {
    awk '/^\t"engine": \{$/ {print "\t\"engine\": { ... },"; fold = 1}
        !fold {if (length($0) > 220) print substr($0, 1, 200) " ..."; else print}
        /^\t\},?$/ {fold = 0}'
}

# run EXPECTED COMMAND...: shows the command as typed, its output and its time; $output holds what it printed.
output=
run() {
    local expected=$1 begin status=0 elapsed
    shift
    typed "$@"
    begin=$(now)
    output=$("$@" 2>&1) || status=$?
    elapsed=$(($(now) - begin))
    [[ -z $output ]] || shorten <<<"$output" | sed 's/^/    /'
    printf '    [exit code %d, %d.%03d ms]\n' "$status" $((elapsed / 1000)) $((elapsed % 1000))
    ((status == expected)) || fail "exit code $status, expected $expected"
}
oci() { run 0 "$engine" oci "$@"; }
expect() { grep -qE -- "$1" <<<"$output" || fail "expected '$1' in the output"; }

# The number that the payload counted to, as far as the log has it.
count() { sed -n 's/.* stdout F count \([0-9]*\)$/\1/p' "$log" 2>/dev/null | tail -n 1; }

# until_true SECONDS WHAT COMMAND...
until_true() {
    local deadline=$(($(now) + $1 * 1000000)) what=$2
    shift 2
    until "$@"; do
        (($(now) < deadline)) || fail "not in time: $what"
        sleep 0.02
    done
}
counted_beyond() { (($(count || echo 0) > $1)); }
has_lines() { (($(wc -l <"$1") >= $2)); }

say "0  a bundle with busybox that counts, ten numbers a second, until SIGTERM"
# shellcheck disable=SC2016 # the container's shell expands it
"$here/bundle.sh" "$work/bundle" /bin/sh -c 'trap "echo goodbye; exit 42" TERM; i=0; while :; do i=$((i + 1)); echo "count $i"; sleep 0.1; done'
printf '    %s: %s files, %s KiB\n' "$work/bundle" "$(find "$work/bundle" | wc -l)" "$(du -sk "$work/bundle" | cut -f1)"

say "1  create: namespaces, mounts, sockets, log; the payload waits"
oci create "$id" --bundle "$work/bundle" --log-path "$log" --log-format kubernetes
oci state "$id"
expect '"status": *"created"'

say "2  start"
oci start "$id"
until_true 10 "the first lines in the log" counted_beyond 2

say "3  attach: the output is seen; the client is then ended, the container is not"
"$engine" oci attach "$id" </dev/null >"$work/attached" 2>&1 &
attached=$!
typed "$engine" oci attach "$id"
begin=$(now)
until_true 10 "output through attach" has_lines "$work/attached" 5
elapsed=$(($(now) - begin))
kill "$attached" 2>/dev/null || true
wait "$attached" 2>/dev/null || true
head -n 5 "$work/attached" | sed 's/^/    /'
printf '    [5 lines after %d ms]\n' $((elapsed / 1000))
output=$(<"$work/attached")
expect '^count [0-9]+'

say "4  exec: another process in the same namespaces, and its exit code"
# shellcheck disable=SC2016 # the container's shell expands it
oci exec "$id" /bin/sh -c 'echo "hello from $(hostname), I am pid $$"; ps -o pid,args'
expect 'hello from demo'
run 7 "$engine" oci exec "$id" /bin/sh -c 'exit 7'

say "5  pause: the counter stops"
oci pause "$id"
oci state "$id"
expect '"status": *"paused"'
# What was written before the freeze may still be on its way through the pump.
sleep 0.3
before=$(count)
sleep 1
after=$(count)
printf '    count %s, and a second later %s\n' "$before" "$after"
[[ $before == "$after" ]] || fail "a paused container counts on"

say "6  resume: it goes on"
oci resume "$id"
until_true 10 "the counter going on" counted_beyond "$after"
printf '    count %s\n' "$(count)"

say "7  the log, kubernetes format"
oci logs "$id" --tail 3
typed tail -n 3 "$log"
tail -n 3 "$log" | sed 's/^/    /'
output=$(tail -n 3 "$log" | grep -vcE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]+([+-][0-9:]{5}|Z) std(out|err) [PF] ' || true)
[[ $output == 0 ]] || fail "$output of the last three lines are not TIME STREAM TAG TEXT"

say "8  a client on the control socket: one JSON object a line"
# shellcheck disable=SC2016 # perl expands it (perl-base is in every Debian)
run 0 perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new($ARGV[0]) or die $!; $s->print("$ARGV[1]\n"); print scalar <$s>' "$ENGINE_ROOT/$id/control.sock" '{"jsonrpc":"2.0","id":1,"method":"state"}'
expect '"jsonrpc": *"2.0"'
expect '"status": *"running"'

say "9  kill: SIGTERM, and the exit code of the payload"
oci kill "$id" TERM
run 0 "$engine" oci wait "$id"
expect '42'
oci state "$id"
expect '"status": *"stopped"'
expect '"exitCode": *42'
tail -n 1 "$log" | grep -q ' stdout F goodbye$' || fail "the last words are not in the log"

say "10 delete"
oci delete "$id"
run 255 "$engine" oci state "$id"

say "11 nothing is left"
# check WHAT COMMAND...: the command prints what is left.
check() {
    local what=$1 left deadline=$(($(now) + 5000000))
    shift
    while left=$("$@"); [[ -n $left ]] && (($(now) < deadline)); do sleep 0.05; done
    printf '    %-12s %s\n' "$what" "${left:-none}"
    [[ -z $left ]] || fail "left behind: $what"
}
# Ours by executable, by a descriptor into our directory, or by a cgroup with the container's name.
processes() {
    local pid exe
    for pid in /proc/[0-9]*; do
        exe=$(readlink "$pid/exe" 2>/dev/null) || continue
        if [[ $exe == "$out"/* ]] || grep -qsF "$id" "$pid/cgroup" ||
            { [[ $exe == /memfd:* ]] && find "$pid/fd" -lname "$work/*" 2>/dev/null | grep -q .; }; then
            printf '%s(%s) ' "${pid#/proc/}" "$(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null)"
        fi
    done
}
mounts() { grep -F "$work" /proc/1/mountinfo /proc/self/mountinfo || true; }
cgroups() { find /sys/fs/cgroup -name "*$id*" 2>/dev/null || true; }
sockets() { grep -F "$work" /proc/net/unix || true; }
files() { find "$ENGINE_ROOT" -mindepth 1; find /tmp /run /dev/shm -maxdepth 3 -name "*$id*" -not -path "$work/*" 2>/dev/null || true; }
check processes processes
check mounts mounts
check cgroups cgroups
check sockets sockets
check files files
printf '\ndemo: all steps passed\n'
