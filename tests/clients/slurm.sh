#!/usr/bin/env bash
# Slurm with one node: srun and sbatch --container, both flavours of oci.conf.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane slurm "${BASH_SOURCE[0]}"

# The resolver wants an address that is not the loopback's before it answers.
ip link add lane0 type veth peer name lane1
ip addr add 192.0.2.9/24 dev lane0
ip link set lane0 up
ip link set lane1 up
mkdir -p "$W/slurm"/{state,spool} "$W/rt/root" /run/munge
export SLURM_CONF=$W/etc/slurm.conf
cat >"$SLURM_CONF" <<END
ClusterName=lane
SlurmctldHost=localhost(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=/run/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$W/slurm/state
SlurmdSpoolDir=$W/slurm/spool
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
CommunicationParameters=NoInAddrAny
ReturnToService=2
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=p Nodes=localhost Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
END
head -c 1024 /dev/urandom >"$W/etc/munge.key"
chmod 600 "$W/etc/munge.key"
# A runtime that can end a container with its killed `run` process is asked to: after KillWait Slurm kills that process alone.
run=run
if "$RT" run --help 2>&1 | grep -q -e --kill-on-exit; then run='run --kill-on-exit'; fi
# What an ordinary user's containers need to do without a cgroup of their own.
case ${RT##*/} in
runc) user_flag=--rootless=true ;;
crun) user_flag=--cgroup-manager=disabled ;;
*) user_flag= ;;
esac

# oci_conf GLOBAL-FLAG run|create
oci_conf() {
    local call="$RT $1 --root=$W/rt/%u" id=%n.%u.%j.%s.%t
    printf 'RunTimeQuery="%s state %s"\n' "$call" $id
    printf 'RunTimeKill="%s kill %s SIGTERM"\n' "$call" $id
    printf 'RunTimeDelete="%s delete --force %s"\n' "$call" $id
    case $2 in
    run) printf 'RunTimeRun="%s %s --bundle %%b %s"\n' "$call" "$run" $id ;;
    # Slurm reads what create prints to its end, so the container must not hold that pipe: the payload's output goes to a file.
    create)
        printf 'RunTimeCreate="%s create --bundle %%b %s >>%s 2>&1"\n' "$call" $id "$W/created.out"
        printf 'RunTimeStart="%s start %s"\n' "$call" $id
        ;;
    esac
}

start_slurm() {
    oci_conf "$@" >"$W/etc/oci.conf"
    service munged munged --force --foreground --key-file="$W/etc/munge.key" --socket=/run/munge/socket --pid-file=/run/munge/pid --log-file="$W/munge.log" --seed-file=/run/munge/seed
    wait_for munged test -S /run/munge/socket
    service slurmctld slurmctld -D -c
    wait_for slurmctld scontrol ping
    service slurmd slurmd -D -N localhost
    wait_for 'an idle node' bash -c 'sinfo -h -o %T | grep -q idle'
}

# Slurm puts the command and the environment into the bundle's config.
bundle=$W/bundle
mkdir -p "$bundle/rootfs/tmp"
c=(srun -n1 --container="$bundle")
start_slurm '' run
printf 'slurm: %s\n' "$(srun --version)"

# A payload that can be found, and that says so when it is ready, and ends by SIGTERM or ignores it (as a first process without a handler does).
polite='trap "exit 0" TERM; echo running; while :; do sleep 0.1; done'
stubborn='echo running; exec sleep 4242'
# found JOB: what is left of a job's containers: processes, state.
found() {
    squeue -h -j "$1" -o '%i %T' 2>/dev/null
    grep -lE "SLURM_JOB_ID=$1\b" /proc/[0-9]*/environ 2>/dev/null
    find "$W/rt" -mindepth 2 -maxdepth 2 -name "localhost.*.$1.*" 2>/dev/null
}
gone() {
    local deadline=$((SECONDS + 30)) seen
    while seen=$(found "$1"); [[ $seen ]]; do
        ((SECONDS < deadline)) || { printf '%s\n' "$seen"; return 1; }
        sleep 0.2
    done
}
# job SCRIPT-TEXT ARGUMENT...: submits it as a container and waits until it is ready; its id.
job() {
    local text=$1 id
    shift
    printf '#!/bin/sh\n%s\n' "$text" >"$W/job.sh"
    id=$(sbatch --parsable --container="$bundle" -o "$W/job-%j.out" "$@" "$W/job.sh") || return
    soon running cat "$W/job-$id.out" "$W/created.out" >/dev/null && echo "$id"
}
# cancel SCRIPT-TEXT SCANCEL-ARGUMENT...
cancel() {
    local id
    id=$(job "$1") || return
    shift
    scancel "$@" "$id" && gone "$id"
}
needs_kill_on_exit() {
    if [[ $run == run ]]; then skip "$1" 'the container of this runtime outlives a killed run process'
    else want "$1" 0 '' "${@:2}"; fi
}

# The time limit is a minute at least: this job runs beside all others.
limited=$(job "$polite" --time=1)

want 'run: srun' 0 '^hello$' "${c[@]}" echo hello
want 'run: srun is inside' 0 '^demo$' "${c[@]}" hostname
want 'run: exit code' 7 '' "${c[@]}" sh -c 'exit 7'
want 'run: stdin' 0 '^typed$' bash -c "echo typed | srun -n1 --container=$bundle cat"
want 'run: environment of the job' 0 '^[0-9]+$' "${c[@]}" sh -c 'echo $SLURM_JOB_ID'
want 'run: missing command' 1 '' "${c[@]}" /no-such-command
printf '#!/bin/sh\necho "batch in $(hostname) job $SLURM_JOB_ID"\nexit 4\n' >"$W/batch.sh"
want 'run: sbatch --container: exit code' 4 '' sbatch --wait --container="$bundle" -o "$W/batch.out" "$W/batch.sh"
want 'run: sbatch --container: output' 0 '^batch in demo job [0-9]+$' cat "$W/batch.out"
# A job on the node whose steps are containers.
cat >"$W/steps.sh" <<END
#!/bin/sh
for step in 1 2 3; do srun -n1 --container=$bundle sh -c "echo step \$step in \\\$(hostname)"; done
srun -n1 --overlap --container=$bundle sh -c 'echo left; sleep 0.3' & srun -n1 --overlap --container=$bundle sh -c 'echo right'; wait
srun -n1 --container=$bundle sh -c 'exit 5'; echo "last step \$?"
END
want 'run: a job of several steps' 0 '' sbatch --wait -n1 -o "$W/steps.out" "$W/steps.sh"
want 'run: steps in order' 0 '^step 3 in demo$' cat "$W/steps.out"
want 'run: steps at the same time' 0 '^2$' grep -cE '^(left|right)$' "$W/steps.out"
want 'run: exit code of a step' 0 '^last step 5$' cat "$W/steps.out"

want 'run: scancel leaves nothing' 0 '' cancel "$polite"
want 'run: scancel --full leaves nothing' 0 '' cancel "$polite" --full
needs_kill_on_exit 'run: scancel of a job that ignores SIGTERM' cancel "$stubborn"
needs_kill_on_exit 'run: scancel --signal KILL leaves nothing' cancel "$polite" --full --signal KILL
cancel_step() { # SCRIPT-TEXT
    local id
    : >"$W/step.out"
    "${c[@]}" --job-name step -o "$W/step.out" sh -c "$1" &
    soon running cat "$W/step.out" || return
    id=$(squeue -h --name step --states R -o %i)
    scancel "$id"
    wait $!
    gone "$id"
}
want 'run: scancel of srun leaves nothing' 0 '' cancel_step "$polite"
needs_kill_on_exit 'run: scancel of an srun that ignores SIGTERM' cancel_step "$stubborn"
LIMIT=120 want 'run: a time limit' 0 'JobState=TIMEOUT' soon TIMEOUT scontrol show job "$limited"
want 'run: a time limit leaves nothing' 0 '' gone "$limited"
stop_services

# An ordinary user, whose runtime is not privileged: a bundle with a user namespace.
ordinary_user hpc 64323
mkdir -p "$W/rt/hpc" "$W/home/hpc/bundle"
cp -a "$bundle/rootfs" "$W/home/hpc/bundle/"
chown -R hpc: "$W/home/hpc" "$W/rt/hpc"
as_hpc sh -c "cd bundle && $RT spec --rootless"
start_slurm "$user_flag" run
u=(as_hpc env SLURM_CONF="$SLURM_CONF" srun -n1 --container="$W/home/hpc/bundle")
want 'user: srun' 0 '^uid=0' "${u[@]}" id
want 'user: ids' 0 '^ +0 +64323 +1$' "${u[@]}" cat /proc/self/uid_map
want 'user: exit code' 7 '' "${u[@]}" sh -c 'exit 7'
stop_services

start_slurm '' create
: >"$W/created.out"
want 'create: srun' 0 '' "${c[@]}" echo hello
want 'create: output' 0 '^hello$' cat "$W/created.out"
want 'create: sbatch' 0 '' sbatch --wait --container="$bundle" -o "$W/batch2.out" "$W/batch.sh"
: >"$W/created.out"
want 'create: scancel leaves nothing' 0 '' cancel "$polite"
finish
