#!/usr/bin/env bash
# Ratios against Debian's crun, runc and conmon, measured side by side: medians of N runs in which the contenders alternate.
# tests/bench.sh OUT [N]; `./build.sh bench [N]` builds first. Times of one machine mean nothing elsewhere; the ratios do.
# BENCH=create,lifecycle,exec,memory,logs chooses parts; BENCH_CONTAINERS="1 10 100" the sizes of the memory part.
set -euo pipefail
out=${1:?usage: tests/bench.sh OUT [N]}
runs=${2:-30}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
((EUID == 0)) || { echo "bench: needs root" >&2; exit 1; }

# crun refuses a hybrid machine, so all contenders see a pure cgroup v2 tree (on a v2 machine: the machine's own).
if [[ ! -e /sys/fs/cgroup/cgroup.controllers && -z ${BENCH_VIEW-} ]]; then
    BENCH_VIEW=1 exec "$here/cgroup-view.sh" v2 "$0" "$@"
fi

readonly engine=$out/bin/engine parts=${BENCH:-create,lifecycle,exec,memory,logs} tag=bench-$$
work=$(mktemp -d /tmp/engine-bench.XXXXXX)
# State lies in memory, where /run has it for all of the contenders.
state=$(mktemp -d /dev/shm/engine-bench.XXXXXX)
readonly work state
export ENGINE_ROOT=$state/engine
mkdir "$work"/{times,conmon} "$state"/{engine,own,crun,runc}

now() { printf '%s' "${EPOCHREALTIME/./}"; }
die() { printf 'bench: %s\n' "$*" >&2; exit 1; }

# One runtime's command line. Standard streams go nowhere: runc and crun hand theirs to the container.
runtime() {
    local which=$1
    shift
    case $which in
    engine) "$engine" oci "$@" ;;
    own) "$out/bin/engine-runc" --root "$state/own" "$@" ;;
    crun) crun --root "$state/crun" "$@" ;;
    runc) runc --root "$state/runc" "$@" ;;
    esac </dev/null >/dev/null 2>"$work/error" || die "$which $*: $(<"$work/error")"
}
discard() {
    if [[ $1 == engine ]]; then runtime engine delete --force "$2"; else runtime "$1" delete -f "$2"; fi
}

# time_of NAME COMMAND...: appends the microseconds.
time_of() {
    local name=$1 begin end
    shift
    begin=$(now)
    "$@"
    end=$(now)
    printf '%d\n' $((end - begin)) >>"$work/times/$name"
}
median() { sort -n "$work/times/$1" | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
ms() { awk -v v="$1" 'BEGIN {printf "%.2f", v / 1000}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {if (b > 0) printf "%.2f", a / b; else printf "-"}'; }
# row WHAT OURS PEER RATIO GOAL
row() { printf '%-44s %14s %14s %9s  %s\n' "$@"; }

cleanup() {
    local status=$? id
    trap - EXIT
    for id in "$state"/engine/*/; do [[ -d $id ]] && "$engine" oci delete --force "$(basename "$id")" >/dev/null 2>&1; done
    for id in "$state"/own/*/; do [[ -d $id ]] && "$out/bin/engine-runc" --root "$state/own" delete --force "$(basename "$id")" >/dev/null 2>&1; done
    for id in "$state"/crun/*/; do [[ -d $id ]] && crun --root "$state/crun" delete -f "$(basename "$id")" >/dev/null 2>&1; done
    for id in "$state"/runc/*/; do [[ -d $id ]] && runc --root "$state/runc" delete -f "$(basename "$id")" >/dev/null 2>&1; done
    if grep -qF " $work/" /proc/self/mountinfo; then
        printf 'bench: not removed, something is mounted there: %s\n' "$work" >&2
    else
        rm -rf "$work" "$state"
    fi
    exit "$status"
}
trap cleanup EXIT

"$here/bundle.sh" "$work/idle" /bin/sleep 1000000
"$here/bundle.sh" "$work/short" /bin/true
gcc -O2 -static -o "$work/floor" "$here/bench/floor.c"

bench_create() {
    local i which
    for ((i = 0; i < runs; i++)); do
        for which in engine crun runc; do
            time_of "create-$which" runtime "$which" create --bundle "$work/idle" "$tag-$which"
            discard "$which" "$tag-$which"
        done
        time_of floor "$work/floor" "$work/short/rootfs" /bin/true
    done
    for which in crun runc; do
        row "oci create to created / $which create" "$(ms "$(median create-engine)") ms" "$(ms "$(median create-$which)") ms" \
            "$(ratio "$(median create-engine)" "$(median create-$which)")" "$([[ $which == crun ]] && echo '<= 1.30')"
    done
    row "oci create / the same container in C" "$(ms "$(median create-engine)") ms" "$(ms "$(median floor)") ms" "$(ratio "$(median create-engine)" "$(median floor)")" ""
    row "crun create / the same container in C" "$(ms "$(median create-crun)") ms" "$(ms "$(median floor)") ms" "$(ratio "$(median create-crun)" "$(median floor)")" ""
}

# What podman or containerd does with every container: create, start, and delete when it has ended.
lifecycle() {
    runtime "$1" create --bundle "$work/short" "$tag-$1"
    runtime "$1" start "$tag-$1"
    runtime "$1" delete --force "$tag-$1"
}
bench_lifecycle() {
    local i which
    for ((i = 0; i < runs; i++)); do
        for which in own crun runc; do time_of "lifecycle-$which" lifecycle "$which"; done
    done
    for which in crun runc; do
        row "engine-runc create+start+delete / $which" "$(ms "$(median lifecycle-own)") ms" "$(ms "$(median lifecycle-$which)") ms" \
            "$(ratio "$(median lifecycle-own)" "$(median lifecycle-$which)")" "$([[ $which == crun ]] && echo '<= 1.00' || echo '<= 0.40')"
    done
}

bench_exec() {
    local i which
    for which in engine crun runc; do
        runtime "$which" create --bundle "$work/idle" "$tag-$which"
        runtime "$which" start "$tag-$which"
    done
    for ((i = 0; i < runs; i++)); do
        for which in engine crun runc; do
            time_of "exec-$which" runtime "$which" exec "$tag-$which" /bin/true
        done
    done
    for which in crun runc; do
        row "oci exec / $which exec" "$(ms "$(median exec-engine)") ms" "$(ms "$(median exec-$which)") ms" \
            "$(ratio "$(median exec-engine)" "$(median exec-$which)")" "$([[ $which == crun ]] && echo '<= 1.00')"
    done
    for which in engine crun runc; do discard "$which" "$tag-$which"; done
}

# Sum of the proportional set sizes in KiB of the processes given.
pss() {
    local sum=0 pid kib
    for pid; do
        kib=$(awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null) || continue
        sum=$((sum + ${kib:-0}))
    done
    printf '%d' "$sum"
}
# Our processes that are no payload: by executable, and for the copy of the starter in memory by a descriptor into our root.
helpers() {
    local pid exe
    for pid in /proc/[0-9]*; do
        exe=$(readlink "$pid/exe" 2>/dev/null) || continue
        if [[ $exe == "$out"/* ]] || { [[ $exe == /memfd:* ]] && find "$pid/fd" -lname "$state/*" 2>/dev/null | grep -q .; }; then
            printf '%s ' "${pid#/proc/}"
        fi
    done
}
masters() {
    local pid
    for pid in /proc/[0-9]*; do
        [[ $(readlink "$pid/exe" 2>/dev/null) == "$engine" ]] && printf '%s ' "${pid#/proc/}"
    done
    return 0
}
create_conmon() { # ID BUNDLE LOG
    local dir=$work/conmon/$1
    mkdir "$dir"
    conmon --api-version 1 -c "$1" -u "$1" -n "$1" -r "$(command -v crun)" --runtime-arg --root --runtime-arg "$state/crun" -b "$2" \
        -p "$dir/pid" -P "$dir/conmon.pid" -l "k8s-file:$3" --exit-dir "$dir" --socket-dir-path "$dir" --full-attach \
        </dev/null >/dev/null 2>"$work/error" || die "conmon: $(<"$work/error")"
    local deadline=$(($(now) + 10000000))
    until [[ -s $dir/pid ]]; do (($(now) < deadline)) || die "conmon: no pid file: $(<"$work/error")"; sleep 0.01; done
}

bench_memory() {
    local count i deadline ours theirs pids
    for count in ${BENCH_CONTAINERS:-1 10 100}; do
        for ((i = 0; i < count; i++)); do
            runtime engine create --bundle "$work/idle" "$tag-$i"
            runtime engine start "$tag-$i"
        done
        pids=$(masters)
        # shellcheck disable=SC2086 # a list
        [[ -z $pids ]] || ours=$(pss $pids)
        [[ -z $pids ]] || row "$count idle: masters, while they are up" "$((ours / $(wc -w <<<"$pids"))) KiB each" "" "" "< 6144"
        deadline=$(($(now) + 60000000))
        while [[ -n $(masters) ]]; do (($(now) < deadline)) || die "masters do not leave when idle: $(masters)"; sleep 0.1; done
        # shellcheck disable=SC2046 # a list
        ours=$(pss $(helpers))
        for ((i = 0; i < count; i++)); do discard engine "$tag-$i"; done

        pids=
        for ((i = 0; i < count; i++)); do
            create_conmon "$tag-$i" "$work/idle" "$work/conmon/log"
            runtime crun start "$tag-$i"
            pids+=" $(<"$work/conmon/$tag-$i/conmon.pid")"
        done
        # shellcheck disable=SC2086 # a list
        theirs=$(pss $pids)
        for ((i = 0; i < count; i++)); do discard crun "$tag-$i"; done
        deadline=$(($(now) + 10000000))
        # shellcheck disable=SC2086 # a list
        while ps -o pid= -p "$(tr -s ' ' ',' <<<"${pids# }")" >/dev/null; do (($(now) < deadline)) || break; sleep 0.05; done
        rm -rf "$work"/conmon/*
        row "$count idle: supervisor + pump / conmon (PSS)" "$((ours / count)) KiB" "$((theirs / count)) KiB" "$(ratio "$ours" "$theirs")" "< 512 KiB"
    done
}

# until_line FILE TEXT: until the last line of the file ends with the text
until_line() {
    local deadline=$(($(now) + 120000000))
    until tail -n 1 "$1" 2>/dev/null | grep -q "$2\$"; do (($(now) < deadline)) || die "the log does not end with '$2'"; sleep 0.002; done
}

bench_logs() {
    local mib=128 which i n=$(((runs + 9) / 10))
    "$here/bundle.sh" "$work/chatty" /probe spam $((mib * 1024 * 1024)) say "done"
    install -m 0755 "$out/test/probe" "$work/chatty/rootfs/probe"
    for ((i = 0; i < n; i++)); do
        for which in engine conmon stalled; do
            case $which in
            conmon) log_conmon ;;
            *) log_engine "$which" ;;
            esac
        done
    done
    for which in engine stalled; do
        row "$mib MiB of log: $([[ $which == stalled ]] && echo 'with a stalled attacher' || echo engine) / conmon (speed)" \
            "$(awk -v b=$mib -v t="$(median logs-$which)" 'BEGIN {printf "%.0f MiB/s", b * 1e6 / t}')" \
            "$(awk -v b=$mib -v t="$(median logs-conmon)" 'BEGIN {printf "%.0f MiB/s", b * 1e6 / t}')" \
            "$(ratio "$(median logs-conmon)" "$(median "logs-$which")")" ">= 2.00"
    done
}
log_conmon() {
    create_conmon "$tag-log" "$work/chatty" "$work/conmon.log"
    time_of logs-conmon started_until_done crun "$work/conmon.log"
    discard crun "$tag-log"
    rm -rf "$work/conmon/$tag-log" "$work/conmon.log"
}
log_engine() { # engine|stalled
    local client=
    runtime engine create --bundle "$work/chatty" --log-path "$work/engine.log" "$tag-log"
    if [[ $1 == stalled ]]; then
        perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; sleep 600' "$ENGINE_ROOT/$tag-log/attach.sock" &
        client=$!
        sleep 0.2
    fi
    time_of "logs-$1" started_until_done engine "$work/engine.log"
    [[ -z $client ]] || { kill "$client"; wait "$client" 2>/dev/null || true; }
    discard engine "$tag-log"
    rm -f "$work/engine.log"
}
started_until_done() {
    runtime "$1" start "$tag-log"
    until_line "$2" "say done"
}

printf 'medians of %d alternating runs; %s; %s; %s; %s\n\n' "$runs" "$(crun --version | head -n 1)" "$(runc --version | head -n 1)" "$(conmon --version | head -n 1)" "kernel $(uname -r)"
row "what" "ours" "peer" "ratio" "goal"
row "starter, bytes" "$(stat -c %s "$out/libexec/engine/starter")" "" "" "< 204800"
for part in ${parts//,/ }; do "bench_$part"; done
