# shellcheck shell=bash disable=SC1091,SC2034 # the lanes set and read what is unused here
# Where a lane runs: private mount, network, pid, ipc, uts and cgroup namespaces with directories of its own, so that no client of the
# machine is disturbed and the end of the lane is the end of everything in it. Sourced by lib.sh.
#
#   outside (the machine): makes a directory and a cgroup in every hierarchy, runs the lane, removes both, compares the machine
#   inside (the lane):     /run/lane is that directory; /run /tmp /var/tmp /dev/shm /etc/{passwd,group,subuid,subgid} and the clients'
#                          directories below /var/lib and /etc are private; /sys/fs/cgroup shows the lane's cgroups only

# What clients write to outside of /run, /tmp and what they are told to use.
readonly CLIENT_DIRECTORIES='/var/lib/containers /var/lib/containerd /var/lib/docker /var/lib/cni /var/lib/slurm /etc/cni /etc/docker /etc/containerd /root/.config /root/.local /root/.docker /root/.cache'
# Files of which the lane has a copy, so that it can add users.
readonly PRIVATE_FILES='/etc/passwd /etc/group /etc/shadow /etc/subuid /etc/subgid'

# The cgroup mounts of the machine: mount point | type | super options.
cgroup_mounts() {
    awk '{for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/ && $5 ~ /^\/sys\/fs\/cgroup/) print $5 "|" $(i + 1) "|" $NF}' /proc/self/mountinfo
}

# The name of a v1 hierarchy in /proc/PID/cgroup, from its super options: `cpu,cpuacct`, `name=systemd`.
hierarchy() { tr , '\n' <<<"$1" | grep -vE '^(rw|ro|xattr|noprefix|clone_children|release_agent=.*)$' | paste -sd, -; }

# The directory of this process in a hierarchy; $1 is the mount point, $2 the type, $3 the super options.
own_cgroup() {
    local name=
    [[ $2 == cgroup2 ]] || name=$(hierarchy "$3")
    printf '%s%s' "$1" "$(awk -F: -v name="$name" '$2 == name {sub(/^[^:]*:[^:]*:/, ""); print; exit}' /proc/self/cgroup)"
}

# ---- outside --------------------------------------------------------------------------------------------------------

# What of the machine a client could have touched. The lane must leave it word by word as it was.
machine() {
    local file
    for file in $PRIVATE_FILES; do [[ ! -e $file ]] || cksum "$file"; done
    # shellcheck disable=SC2086 # a list of words
    find $CLIENT_DIRECTORIES /etc/containers /run /tmp /var/tmp /dev/shm -maxdepth 2 2>/dev/null | LC_ALL=C sort |
        grep -E '^/(etc|var/lib)/|^/root/.*(contain|docker|podman|buildah)|/lane$|engine-clients' || true
    grep -E 'engine-clients|/run/lane' /proc/self/mountinfo /proc/net/unix || true
    ip -o link 2>/dev/null | grep -oE '(podman|docker|cni|veth)[^:@ ]*' || true
    if command -v iptables-save >/dev/null; then iptables-save 2>/dev/null | grep -E '^:(NETAVARK|DOCKER|CNI)' || true; fi
}

# Puts this process into a new cgroup in every hierarchy; the paths are in CGROUPS.
CGROUPS=()
enter_cgroups() {
    local mount type options parent here file
    while IFS='|' read -r mount type options; do
        parent=$(own_cgroup "$mount" "$type" "$options")
        here=${parent%/}/$LANE_TAG
        mkdir "$here" || continue
        CGROUPS+=("$here")
        # A v1 cpuset without cpus takes no process.
        for file in cpuset.cpus cpuset.mems; do
            if [[ $type == cgroup && -e $here/$file ]]; then cat "$parent/$file" >"$here/$file"; fi
        done
        echo "$BASHPID" >"$here/cgroup.procs" || printf 'lane: cannot enter %s\n' "$here" >&2
    done < <(cgroup_mounts)
}

# Empties and removes a cgroup tree that is ours.
remove_cgroup() {
    local _
    for _ in {1..50}; do
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
        [[ -d $1 ]] || return 0
        sleep 0.1
    done
    printf 'lane: left behind: %s\n' "$1" >&2
    return 1
}

# run_isolated SCRIPT: runs the lane inside; the status is its own, or 1 when something is left on the machine.
run_isolated() {
    local script=$1 before after status=0 cgroup inside directory made=()
    ((EUID == 0)) || { echo "$LANE: needs root" >&2; return 1; }
    before=$(machine)
    # What is missing could not be covered inside, and a client would make it on the machine.
    for directory in $CLIENT_DIRECTORIES; do
        [[ -e $directory ]] || { mkdir "$directory" && made+=("$directory"); }
    done
    LANE_TAG=engine-clients-$LANE-$$
    LANE_DIRECTORY=$(mktemp -d "/tmp/engine-clients.XXXXXX")
    chmod 755 "$LANE_DIRECTORY"
    "$(dirname "$script")/../bundle.sh" "$LANE_DIRECTORY/bundle" /bin/sh
    enter_cgroups
    LANE_INSIDE=1 RUNTIME=$RUNTIME LANE_DIRECTORY=$LANE_DIRECTORY \
        unshare --cgroup --mount --propagation private --net --ipc --uts --pid --fork --kill-child --mount-proc -- "$BASH" "$script" </dev/null &
    inside=$!
    trap 'kill -KILL "$inside" 2>/dev/null' INT TERM
    wait "$inside" || status=$?
    trap - INT TERM
    # Out of the lane's cgroups, so that they can go.
    for cgroup in "${CGROUPS[@]}"; do echo "$BASHPID" >"$(dirname "$cgroup")/cgroup.procs"; done
    for cgroup in "${CGROUPS[@]}"; do remove_cgroup "$cgroup" || status=1; done
    rm -rf --one-file-system "$LANE_DIRECTORY"
    ((${#made[@]} == 0)) || rmdir "${made[@]}"
    after=$(machine)
    if [[ $before != "$after" ]]; then
        diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | sed 's/^/lane: the machine has changed: /' >&2
        status=1
    fi
    return "$status"
}

# ---- inside ---------------------------------------------------------------------------------------------------------

# /sys/fs/cgroup again, as the machine has it, but rooted at the lane's cgroups. LANE_CGROUPS=v1 leaves the v2 tree of a hybrid machine away
# (crun refuses such a machine).
mount_cgroups() {
    local mounts mount type options name controller
    mounts=$(cgroup_mounts)
    umount -R /sys/fs/cgroup
    if [[ $mounts == '/sys/fs/cgroup|cgroup2|'* ]]; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        # Controllers are passed on only from a cgroup without processes.
        mkdir /sys/fs/cgroup/init
        echo $$ >/sys/fs/cgroup/init/cgroup.procs
        for controller in $(</sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true; done
        return
    fi
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while IFS='|' read -r mount type options; do
        [[ $type == cgroup || ${LANE_CGROUPS-} != v1 ]] || continue
        mkdir -p "$mount"
        if [[ $type == cgroup2 ]]; then mount -t cgroup2 cgroup2 "$mount"; continue; fi
        name=$(hierarchy "$options")
        mount -t cgroup -o "${name/#name=/none,name=}" cgroup "$mount"
        for controller in ${name//,/ }; do
            [[ $controller == name=* || -e /sys/fs/cgroup/$controller ]] || ln -s "${mount##*/}" "/sys/fs/cgroup/$controller"
        done
    done <<<"$mounts"
}

# place_runtime DIRECTORY: the runtime there, reachable for every user wherever it lies; sets RT. A runtime that is a tree (bin and libexec)
# comes as one.
place_runtime() {
    local real tree
    real=$(readlink -f "$RUNTIME")
    tree=$(dirname "$(dirname "$real")")
    mkdir -p "$1"
    if [[ -d $tree/libexec/engine ]]; then
        mount --bind "$tree" "$1"
        RT=$W/runtime/bin/$(basename "$RUNTIME")
    else
        mount --bind "$(dirname "$real")" "$1"
        RT=$W/runtime/$(basename "$real")
    fi
}

enter_inside() {
    local directory file
    umask 022
    # Before /tmp is covered: the lane's directory and the runtime, which may both lie there.
    mount -t tmpfs -o mode=755 tmpfs /mnt
    mkdir /mnt/lane
    mount --bind "$LANE_DIRECTORY" /mnt/lane
    place_runtime /mnt/lane/runtime
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/lane /run/lock
    mount --rbind /mnt/lane /run/lane
    umount -R /mnt
    mkdir -p "$W"/{bin,etc,private,tmp}
    chmod 1777 "$W/tmp" /run/lock
    mount --bind "$W/tmp" /tmp
    mount -t tmpfs -o mode=1777 tmpfs /var/tmp
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    for directory in $CLIENT_DIRECTORIES; do
        mkdir -p "$W/private$directory"
        mount --bind "$W/private$directory" "$directory"
    done
    for file in $PRIVATE_FILES; do
        [[ -e $file ]] || continue
        cp -p "$file" "$W/private/${file##*/}"
        mount --bind "$W/private/${file##*/}" "$file"
    done
    mount_cgroups
    ip link set lo up
}
