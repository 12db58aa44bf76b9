# What every suite begins with: `. /engine/lib.sh`. One line of output a test: `ok TEXT`, `not ok TEXT`, `skipped: TEXT: WHY`; lines that
# begin with # explain. A suite ends with `finish`.
# shellcheck shell=bash disable=SC2034 # the suites use the variables
SUITE=$(basename "$0" .sh)
WORK=$(mktemp -d "/engine/$SUITE.XXXXXX")
CGROUP=/sys/fs/cgroup
serial=0

quote() { sed 's/^/#   /'; }

# ok TEXT COMMAND...: the command succeeds.
ok() {
    local text=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if ((status == 0)); then printf 'ok %s: %s\n' "$SUITE" "$text"; return; fi
    printf 'not ok %s: %s\n' "$SUITE" "$text"
    { printf 'exit code %d: %s\n' "$status" "$*"; [[ -z $output ]] || printf '%s\n' "$output"; } | quote
}

# is TEXT ACTUAL EXPECTED
is() {
    if [[ $2 == "$3" ]]; then printf 'ok %s: %s\n' "$SUITE" "$1"; return; fi
    printf 'not ok %s: %s\n' "$SUITE" "$1"
    printf 'expected: %s\nfound:    %s\n' "$3" "$2" | quote
}

# like TEXT ACTUAL REGEX
like() {
    if grep -qE -- "$3" <<<"$2"; then printf 'ok %s: %s\n' "$SUITE" "$1"; return; fi
    printf 'not ok %s: %s\n' "$SUITE" "$1"
    printf 'expected a line like: %s\nfound: %s\n' "$3" "$2" | quote
}

skip() { printf 'skipped: %s: %s: %s\n' "$SUITE" "$1" "$2"; }

# bundle FILTER ARGUMENT...: a new bundle whose config is the usual one after the jq filter, and an id for it: $id, $dir.
bundle() {
    local filter=$1
    shift
    serial=$((serial + 1))
    id=$SUITE-$serial
    dir=$WORK/$id
    # Forks are what costs in an emulated machine: the usual bundle is made once (guest/run), and linked.
    cp -al /engine/bundle "$dir"
    rm "$dir/config.json"
    jq ".process.args = \$ARGS.positional | $filter" /engine/bundle/config.json --args -- "$@" >"$dir/config.json"
}

# once FILTER ARGUMENT...: runs the container to its end; $output and $code.
once() {
    bundle "$@"
    code=0
    output=$("$ENGINE" oci run "$id" -b "$dir" 2>&1 </dev/null) || code=$?
}

# begin FILTER ARGUMENT...: starts it; $pid. remove: ends it.
begin() {
    bundle "$@"
    local said
    if ! said=$("$ENGINE" oci create "$id" -b "$dir" 2>&1 </dev/null && "$ENGINE" oci start "$id" 2>&1); then
        printf 'not ok %s: %s starts\n' "$SUITE" "$id"
        quote <<<"$said"
        pid=
        return 1
    fi
    pid=$(state .pid)
}
remove() { "$ENGINE" oci delete --force "${1:-$id}" 2>&1 | quote; }
state() { "$ENGINE" oci state "$id" | jq -r "$1"; }

# The container's cgroup as the kernel has it, and one of its files.
cgroup_of() { printf '%s%s' "$CGROUP" "$(sed -n 's/^0:://p' "/proc/$1/cgroup")"; }
file() { cat "$(cgroup_of "$pid")/$1" 2>&1; }
key() { awk -v key="$2" '$1 == key {print $2}' <<<"$(file "$1")"; }

# eventually COMMAND...: succeeds within twenty seconds.
eventually() {
    local tries=0
    until "$@" >/dev/null 2>&1; do
        ((tries += 1)) && ((tries < 200)) || return 1
        sleep 0.1
    done
}

# In the end nothing is left of the engine's: no process, no cgroup, no record.
finish() {
    ok "nothing is left in the state directory" test -z "$(ls -A "$ENGINE_ROOT")"
    ok "no cgroup is left" test ! -e "$CGROUP/engine-oci"
    rm -rf "$WORK"
    echo "done"
}

# An ordinary user. as_user: makes his manager run, and the suite's bundles his to reach. as COMMAND...: as that user, in the caller's cgroup.
# session COMMAND...: in a delegated scope of his manager's.
as_user() {
    loginctl enable-linger user
    eventually test -S /run/user/1000/bus || echo "# no user manager: $(systemctl is-active user@1000)"
    chown 1000:1000 "$WORK"
}
as() { setpriv --reuid=1000 --regid=1000 --clear-groups env -i PATH="$PATH" HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
session() { as systemd-run --user --scope --quiet --property=Delegate=yes "$@"; }
