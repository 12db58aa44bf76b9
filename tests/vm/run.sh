#!/usr/bin/env bash
# Boots the virtual machine with the built programs and runs suites in it. tests/vm/run.sh OUT [SUITE|SCRIPT]...
# A suite is a file of tests/vm/suites without `.sh`; a script is any path to a file. Ends with: N passed, N failed
set -euo pipefail
out=${1:?usage: tests/vm/run.sh OUT [SUITE|SCRIPT]...}
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm=$out/vm

# Seconds for the whole machine; a suite has its own limit inside.
readonly LIMIT=1800

work=$(mktemp -d "$vm/.run.XXXXXX")
qemu=
cleanup() {
    [[ -z $qemu ]] || kill "$qemu" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

"$here/image.sh" "$out"

# The second part of the initramfs: programs and suites.
part=$work/part/engine
mkdir -p "$part"/{bin,libexec,suites}
cp "$here/guest/init" "$work/part/init"
cp -r "$here/guest" "$here/lib.sh" "$here/../bundle.sh" "$part/"
cp -P "$out"/bin/engine "$out"/bin/engine-runc "$part/bin/"
cp -r "$out/libexec/engine" "$part/libexec/"
cp "$out/test/probe" "$part/probe"
(($#)) || set -- "$here"/suites/*.sh
for suite; do
    file=$suite
    [[ -f $file ]] || file=$here/suites/$suite.sh
    [[ -f $file ]] || { printf 'vm: no suite and no file: %s (suites: %s)\n' "$suite" "$(cd "$here/suites" && echo *.sh)" >&2; exit 1; }
    name=$(basename "$file" .sh)
    cp "$file" "$part/suites/$name.sh"
    echo "$name" >>"$part/order"
done
chmod 0755 "$work/part/init" "$part/guest/run"
(cd "$work/part" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/part.cpio"
cat "$vm/boot.cpio" "$work/part.cpio" >"$work/initrd"

machine=(
    qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
    -accel "tcg,thread=multi" -machine pc -cpu max -smp 2 -m 1536
    -kernel "$vm/vmlinuz" -initrd "$work/initrd"
    -append "console=ttyS0 quiet loglevel=4 panic=-1 root=none mitigations=off hugepages=16 apparmor=1 security=apparmor systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 systemd.unit=vm-lane.target"
    # Writes go to a temporary file, so that the image stays as it was made.
    -drive "file=$vm/root.img,format=raw,if=virtio,snapshot=on"
    -serial "file:$vm/console.log" -serial "file:$vm/results.raw"
)
printf '== vm: booting (console: %s)\n' "$vm/console.log" >&2
rm -f "$vm/console.log" "$vm/results.raw"
: >"$vm/results.raw"
TMPDIR=$work timeout "$LIMIT" "${machine[@]}" </dev/null >&2 &
qemu=$!
tail -n +1 -f --pid="$qemu" "$vm/results.raw" | sed -u 's/\r$//' | tee "$vm/results.txt"
status=0
wait "$qemu" || status=$?
qemu=

# A suite says `ok`, `not ok` or `skipped` for each test, and `done` when it has said everything.
passed=$(grep -c '^ok ' "$vm/results.txt" || true)
failed=$(grep -c '^not ok ' "$vm/results.txt" || true)
skipped=$(grep -c '^skipped: ' "$vm/results.txt" || true)
finished=$(grep -c '^done$' "$vm/results.txt" || true)
wanted=$(wc -l <"$part/order")
if ((finished != wanted)); then
    printf 'vm: %d of %d suites did not come to their end (qemu: %d); the last words of the console:\n' $((wanted - finished)) "$wanted" "$status" >&2
    tail -n 20 "$vm/console.log" >&2 || true
    failed=$((failed + wanted - finished))
fi
printf '%d passed, %d failed' "$passed" "$failed"
((skipped)) && printf ', %d skipped' "$skipped"
printf '\n'
((failed == 0))
