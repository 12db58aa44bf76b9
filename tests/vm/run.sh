#!/usr/bin/env bash
# Boots the virtual machine with the built programs and runs suites in it. tests/vm/run.sh OUT [SUITE|SCRIPT]...
# A suite is a file of tests/vm/suites without `.sh`; a script is any path to a file. A suite with a line `# machine: NAME` gets a boot
# of that kind. Ends with: N passed, N failed
set -euo pipefail
out=${1:?usage: tests/vm/run.sh OUT [SUITE|SCRIPT]...}
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm=$out/vm

# Seconds for the whole machine; a suite has its own limit inside.
readonly LIMIT=1800

mkdir -p "$vm"
work=$(mktemp -d "$vm/.run.XXXXXX")
qemu=
cleanup() {
    [[ -z $qemu ]] || kill "$qemu" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

# Two runs would write the same files.
exec {lock}>"$vm/.lock"
flock "$lock"
"$here/image.sh" "$out"
(($#)) || set -- "$here"/suites/*.sh

# What a kind of machine adds to the kernel's command line. Of the security modules that label everything there can be one.
declare -A machines=(
    [standard]="apparmor=1 security=apparmor"
    [selinux]="security=selinux selinux=1 enforcing=0"
)

# plan SUITE...: the files of each machine's suites, in $work/MACHINE.suites.
plan() {
    local suite file machine
    for suite; do
        file=$suite
        [[ -f $file ]] || file=$here/suites/$suite.sh
        [[ -f $file ]] || { printf 'vm: no suite and no file: %s (suites: %s)\n' "$suite" "$(cd "$here/suites" && echo *.sh)" >&2; return 1; }
        machine=$(sed -n 's/^# machine: //p' "$file")
        machine=${machine:-standard}
        [[ -v machines[$machine] ]] || { printf 'vm: %s: no machine is called %s (machines: %s)\n' "$file" "$machine" "${!machines[*]}" >&2; return 1; }
        echo "$file" >>"$work/$machine.suites"
    done
}

# pack MACHINE: $work/initrd, whose second part has the programs and the machine's suites.
pack() {
    local part=$work/part file name
    rm -rf "$part"
    mkdir -p "$part"/engine/{bin,libexec,suites}
    cp "$here/guest/init" "$part/init"
    cp -r "$here/guest" "$here/lib.sh" "$here/../bundle.sh" "$part/engine/"
    cp -P "$out"/bin/engine "$out"/bin/engine-runc "$part/engine/bin/"
    cp -r "$out/libexec/engine" "$part/engine/libexec/"
    cp "$out/test/probe" "$part/engine/probe"
    while read -r file; do
        name=$(basename "$file" .sh)
        cp "$file" "$part/engine/suites/$name.sh"
        echo "$name" >>"$part/engine/order"
    done <"$work/$1.suites"
    chmod 0755 "$part/init" "$part/engine/guest/run"
    (cd "$part" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/part.cpio"
    cat "$vm/boot.cpio" "$work/part.cpio" >"$work/initrd"
}

# boot MACHINE: runs its suites; the results go to standard output and behind those that are there.
boot() {
    local status=0 console=$vm/console-$1.log results=$work/$1.results wanted finished
    local command=(
        qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
        -accel "tcg,thread=multi" -machine pc -cpu max -smp 2 -m 1536
        -kernel "$vm/vmlinuz" -initrd "$work/initrd"
        -append "console=ttyS0 quiet loglevel=4 panic=-1 root=none mitigations=off hugepages=16 ${machines[$1]} systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 systemd.unit=vm-lane.target"
        # Writes go to a temporary file, so that the image stays as it was made.
        -drive "file=$vm/root.img,format=raw,if=virtio,snapshot=on"
        -serial "file:$console" -serial "file:$results"
    )
    printf '== vm: booting, %s (console: %s)\n' "$1" "$console" >&2
    rm -f "$console"
    : >"$results"
    TMPDIR=$work timeout "$LIMIT" "${command[@]}" </dev/null >&2 {lock}>&- &
    qemu=$!
    tail -n +1 -f --pid="$qemu" "$results" | sed -u 's/\r$//' | tee -a "$vm/results.txt"
    wait "$qemu" || status=$?
    qemu=

    # A suite says `done` when it has said everything.
    wanted=$(wc -l <"$work/$1.suites")
    finished=$(grep -c $'^done\r*$' "$results" || true)
    ((finished == wanted)) && return
    printf 'vm: %d of %d suites did not come to their end (qemu: %d); the last words of the console:\n' $((wanted - finished)) "$wanted" "$status" >&2
    tail -n 20 "$console" >&2 || true
    unfinished=$((unfinished + wanted - finished))
}

plan "$@"
: >"$vm/results.txt"
unfinished=0
for machine in standard selinux; do
    [[ -e $work/$machine.suites ]] || continue
    pack "$machine"
    boot "$machine"
done

# A suite says `ok`, `not ok` or `skipped` for each test.
passed=$(grep -c '^ok ' "$vm/results.txt" || true)
failed=$(($(grep -c '^not ok ' "$vm/results.txt" || true) + unfinished))
skipped=$(grep -c '^skipped: ' "$vm/results.txt" || true)
printf '%d passed, %d failed' "$passed" "$failed"
((skipped)) && printf ', %d skipped' "$skipped"
printf '\n'
((failed == 0))
