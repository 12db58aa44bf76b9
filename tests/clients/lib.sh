# shellcheck shell=bash disable=SC1091,SC2034 # the lanes set and read what is unused here
# What the lanes share. A lane is a script that sources this file, calls `lane NAME "$0"` (which goes on in private namespaces, see
# isolation.sh), states its cases with `want`, and ends with `finish`. It is run by `./build.sh test-clients NAME`.
#
#   RUNTIME=PATH        the OCI runtime that the client drives
#   LANE_CGROUPS=v1     without the cgroup v2 tree of a hybrid machine: crun asks for it
#
# Inside: W is the lane's directory (/run/lane), RT the front of the runtime, which has its name and notes every call in $W/calls.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/isolation.sh"

readonly W=/run/lane
passed=0 failed=0 skipped=0 output='' RT='' SERVICES=()

# lane NAME SCRIPT
lane() {
    LANE=$1
    [[ -n ${RUNTIME-} ]] || { echo "$LANE: RUNTIME is not set: use ./build.sh test-clients $LANE" >&2; exit 2; }
    [[ -x $RUNTIME ]] || { echo "$LANE: no runtime at $RUNTIME" >&2; exit 2; }
    if [[ -z ${LANE_INSIDE-} ]]; then
        run_isolated "$2"
        exit
    fi
    enter_inside
    # A terminal's interrupt and a service's stop end the lane; pid 1 of a namespace hears only what it asks for.
    trap 'exit 130' INT TERM
    export PATH=$W/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm
    unset XDG_RUNTIME_DIR DOCKER_HOST CONTAINERS_CONF
    cd / || exit 1
    front "$(basename "$RT")"
    printf '%s: %s\n' "$LANE" "$("$RT" --version 2>&1 | head -n 1)"
    MOUNTS=$(mounts)
}

# front NAME: a script of that name that notes the call and becomes the runtime; RT is its path. The name counts: podman knows
# from it which runtimes write JSON logs. It needs no PATH: podman gives none to kill and delete.
front() {
    : >"$W/calls"
    chmod 666 "$W/calls"
    printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s/calls\nexec %s "$@"\n' "$W" "$RT" >"$W/bin/$1"
    chmod 755 "$W/bin/$1"
    RT=$W/bin/$1
}

# ---- cases ----------------------------------------------------------------------------------------------------------

ok() { passed=$((passed + 1)); printf 'ok %s %s\n' "$LANE" "$1"; }
skip() { skipped=$((skipped + 1)); printf 'skipped %s %s: %s\n' "$LANE" "$1" "$2"; }
not_ok() { # NAME REASON
    failed=$((failed + 1))
    printf 'not ok %s %s: %s\n' "$LANE" "$1" "$2"
    [[ -z $output ]] || head -c 1500 <<<"$output" | sed 's/^/    /'
    sed -E 's/[0-9a-f]{64}/ID/g; s/^/    # runtime /' "$W/calls" | tail -n 12
}

# attempt COMMAND...: runs it with a time limit; $output is what it printed, the status its own. Output goes to a file: a container that holds
# it open must not hold the lane.
attempt() {
    local status=0
    : >"$W/calls"
    if declare -F "$1" >/dev/null; then "$@" >"$W/output" 2>&1 </dev/null || status=$?
    else timeout -k 5 "${LIMIT:-60}" "$@" >"$W/output" 2>&1 </dev/null || status=$?; fi
    output=$(tr -d '\0\r' <"$W/output")
    return "$status"
}

# want NAME CODE REGEX COMMAND...: one case: the command (or function) ends with CODE and its output has a line that matches REGEX.
want() {
    local name=$1 code=$2 regex=$3 status=0
    shift 3
    attempt "$@" || status=$?
    if ((status == 124 && code != 124)); then not_ok "$name" "not ended after ${LIMIT:-60} s"
    elif ((status != code)); then not_ok "$name" "exit code $status, not $code"
    elif [[ $regex ]] && ! grep -qE -- "$regex" <<<"$output"; then not_ok "$name" "no line of the output matches $regex"
    else ok "$name"; fi
}

# soon REGEX COMMAND...: repeats until the output matches, ten seconds at most; for `want NAME 0 REGEX soon REGEX COMMAND...`.
soon() {
    local regex=$1 deadline=$((SECONDS + ${LIMIT:-10})) seen
    shift
    while seen=$(timeout 10 "$@" 2>&1); ! grep -qE -- "$regex" <<<"$seen"; do
        ((SECONDS < deadline)) || { printf '%s\n' "$seen"; return 1; }
        sleep 0.1
    done
    printf '%s\n' "$seen"
}

# eventually NAME REGEX COMMAND...: one case: the output comes to match.
eventually() {
    local name=$1 regex=$2
    shift 2
    want "$name" 0 "$regex" soon "$regex" "$@"
}

# tty COMMAND...: the command on a terminal of its own.
tty() {
    local words
    printf -v words '%q ' "$@"
    timeout -k 5 60 script -qec "$words" /dev/null
}

# ---- services and users ---------------------------------------------------------------------------------------------

# service NAME COMMAND...: a daemon of the client; its output is in $W/NAME.log. stop_services ends them, last first.
service() {
    local name=$1
    shift
    "$@" >"$W/$name.log" 2>&1 &
    SERVICES+=("$!:$name")
}
stop_services() {
    local i pid
    for ((i = ${#SERVICES[@]} - 1; i >= 0; i--)); do
        pid=${SERVICES[i]%%:*}
        kill "$pid" 2>/dev/null
        for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    SERVICES=()
}

# wait_for WHAT COMMAND...: setup; the lane ends when it does not come.
wait_for() {
    local what=$1 _
    shift
    for _ in {1..150}; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    output=$(tail -n 20 "$W"/*.log 2>/dev/null)
    not_ok setup "$what did not come up"
    finish
}

# ordinary_user NAME UID: in the lane's own passwd, with 65536 subordinate ids, a home and a runtime directory.
ordinary_user() {
    printf '%s:x:%d:%d::%s:/bin/sh\n' "$1" "$2" "$2" "$W/home/$1" >>/etc/passwd
    printf '%s:x:%d:\n' "$1" "$2" >>/etc/group
    printf '%s:%d:65536\n' "$1" $(($2 * 65536)) | tee -a /etc/subuid >>/etc/subgid
    mkdir -p "$W/home/$1" "/run/user/$2"
    chown "$2:$2" "$W/home/$1" "/run/user/$2"
    chmod 700 "/run/user/$2"
    # as_NAME COMMAND...
    cat >"$W/bin/as_$1" <<END
#!/bin/sh
exec setpriv --reuid $2 --regid $2 --init-groups env -i -C $W/home/$1 HOME=$W/home/$1 USER=$1 XDG_RUNTIME_DIR=/run/user/$2 PATH=$PATH TERM=xterm "\$@"
END
    chmod 755 "$W/bin/as_$1"
}

# ---- an image -------------------------------------------------------------------------------------------------------

# image [JSON]: $W/image.tar, a docker-archive `localhost/bb:latest` of busybox, which every client can load; its command is JSON, or sh.
image() {
    local root=$W/bundle/rootfs layer config command=${1:-'["sh"]'}
    printf 'user:x:1000:1000::/:/bin/sh\n' >>"$root/etc/passwd"
    mkdir -p "$W/image" "$root/home" "$root/mnt"
    tar -C "$root" --owner 0 --group 0 -cf "$W/image/layer.tar" .
    layer=$(sha256sum <"$W/image/layer.tar" | cut -d' ' -f1)
    printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":%s},"history":[{"created_by":"bundle.sh"}],"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$command" "$layer" >"$W/image/config"
    config=$(sha256sum <"$W/image/config" | cut -d' ' -f1)
    mv "$W/image/config" "$W/image/$config.json"
    printf '[{"Config":"%s.json","RepoTags":["localhost/bb:latest"],"Layers":["layer.tar"]}]' "$config" >"$W/image/manifest.json"
    tar -C "$W/image" -cf "$W/image.tar" .
    rm -r "$W/image"
}

# ---- the end --------------------------------------------------------------------------------------------------------

mounts() { awk '{print $5}' /proc/self/mountinfo | LC_ALL=C sort; }
# Processes of the namespace, less this script and what it runs now.
left_processes() {
    local pid words
    for pid in /proc/[0-9]*; do
        pid=${pid#/proc/}
        [[ $pid != 1 && $pid != "$BASHPID" ]] || continue
        words=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | head -c 200)
        [[ -z $words ]] || printf '%s(%s) ' "$pid" "$words"
    done 2>/dev/null
}
left_mounts() { comm -13 <(printf '%s\n' "$MOUNTS") <(mounts) | grep -vE "${MAY_STAY_MOUNTS:-^$}"; }
left_cgroups() { find /sys/fs/cgroup -mindepth 1 -type d 2>/dev/null | sed 's|^/sys/fs/cgroup/||' | awk -F/ -v unified="$(stat -fc %T /sys/fs/cgroup)" 'NF > 1 || unified == "cgroup2fs"' | grep -vE "^init$|${MAY_STAY_CGROUPS:-^$}"; }
left_sockets() { awk 'NR > 1 && $8 ~ /^\// {print $8}' /proc/net/unix | LC_ALL=C sort -u; }
left_state() { find /run/runc /run/crun /run/engine/runc -mindepth 1 2>/dev/null | head; }

# left WHAT: one case: nothing of that kind is left, after ten seconds at most.
left() {
    local what=$1 seen deadline=$((SECONDS + 10))
    while seen=$("left_$what"); [[ $seen ]] && ((SECONDS < deadline)); do sleep 0.2; done
    output=''
    : >"$W/calls"
    if [[ $seen ]]; then output=$seen; not_ok "nothing left: $what" "something is left"; else ok "nothing left: $what"; fi
}

# finish: stops the services, looks for anything left behind, and ends the lane with its counts. MAY_STAY_MOUNTS and MAY_STAY_CGROUPS are what
# the client itself keeps, by regular expression.
finish() {
    stop_services
    local what
    for what in processes mounts cgroups sockets state; do left "$what"; done
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped == 0)) || printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
    exit
}
