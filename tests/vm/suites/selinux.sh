#!/bin/bash
# machine: selinux
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# SELinux: the payload runs under process.selinuxLabel, its filesystems carry linux.mountLabel. The policy is the smallest that knows a
# container from the rest: what it does not name is allowed.
. /engine/lib.sh

like "the kernel has SELinux" "$(cat /sys/kernel/security/lsm)" "\bselinux\b"
once '.process.selinuxLabel = "system_u:system_r:container_t:s0"' /bin/true
like "without a policy a label is refused" "$output" "process.selinuxLabel: SELinux is not enabled"

# The kernel's initial labels, in the order of its numbers (security/selinux/include/initial_sid_to_string.h).
initial='kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet icmp_socket tcp_socket
    sysctl_modprobe sysctl sysctl_fs sysctl_kernel sysctl_net sysctl_net_unix sysctl_vm sysctl_dev kmod policy scmp_packet devnull'
{
    echo 'class process class file'
    for sid in $initial; do echo "sid $sid"; done
    cat <<'POLICY'
class process { transition dyntransition setexec setkeycreate }
class file { read write entrypoint execute }
sensitivity s0;
dominance { s0 }
category c0; category c1; category c2; category c3;
level s0:c0.c3;
mlsconstrain file { write } ( h1 dom h2 );
policycap nnp_nosuid_transition;
type kernel_t;
type container_t;
type file_t;
type container_file_t;
type secret_t;
role system_r;
role system_r types { kernel_t container_t };
allow kernel_t { kernel_t container_t }:process *;
allow kernel_t { kernel_t container_t file_t container_file_t secret_t }:file *;
allow container_t container_t:process *;
allow container_t { kernel_t container_t file_t container_file_t }:file *;
user system_u roles { system_r } level s0 range s0 - s0:c0.c3;
POLICY
    for sid in $initial; do
        case $sid in
        kernel | init) echo "sid $sid system_u:system_r:kernel_t:s0 - s0:c0.c3" ;;
        *) echo "sid $sid system_u:object_r:file_t:s0" ;;
        esac
    done
    echo 'fs_use_xattr ext4 system_u:object_r:file_t:s0;'
} >"$WORK/policy.conf"
ok "the policy is compiled" checkpolicy -M -U allow -o "$WORK/policy" "$WORK/policy.conf"
mountpoint -q /sys/fs/selinux || mount -t selinuxfs selinuxfs /sys/fs/selinux
ok "and loaded" dd if="$WORK/policy" of=/sys/fs/selinux/load bs=1M status=none
like "who makes containers" "$(tr -d '\0' </proc/self/attr/current)" "^system_u:system_r:kernel_t:s0"

label=system_u:system_r:container_t:s0:c1,c2
files=system_u:object_r:container_file_t:s0:c1,c2
labelled='.process.selinuxLabel = "'$label'" | .linux.mountLabel = "'$files'"'
runtime() { "$RUNC" --root "$ENGINE_ROOT/runc" "$@" </dev/null >"$WORK/out" 2>&1; }

once "$labelled" /bin/sh -c 'tr -d "\0" </proc/self/attr/current; echo; cat /proc/self/mountinfo'
like "the payload has the label" "$output" "^$label$"
for mount in /dev /dev/pts /dev/shm; do like "$mount carries the mount label" "$output" " $mount .*context=\"?$files"; done
for mount in /proc /sys /dev/mqueue; do
    ok "$mount, whose labels are not the container's alone, does not" eval '! grep -q " $mount .*[ ,]context=.*container_file_t" <<<"$output"'
done
once . /bin/sh -c 'tr -d "\0" </proc/self/attr/current'
like "without one it has the caller's" "$output" "^system_u:system_r:kernel_t:s0"

# A session keyring is the payload's, too.
keys='.mounts += [("/usr/bin/keyctl", "/lib64", "/lib/x86_64-linux-gnu") | {destination: ., source: ., type: "bind", options: ["rbind", "ro"]}]'
once "$labelled | $keys" /usr/bin/keyctl security @s
like "the session keyring has the label" "$output" "^$label$"

begin "$labelled" /bin/sleep 1000 && {
    is "a running payload's label" "$(tr -d '\0' <"/proc/$pid/attr/current")" "$label"
    is "exec has it" "$("$ENGINE" oci exec "$id" cat /proc/self/attr/current 2>&1 | tr -d '\0')" "$label"
    remove
}
bundle "$labelled" /bin/sleep 1000
ok "engine-runc" runtime run -d -b "$dir" --pid-file "$WORK/pid" "$id"
is "its payload's label" "$(tr -d '\0' <"/proc/$(<"$WORK/pid")/attr/current")" "$label"
runtime exec "$id" cat /proc/self/attr/current
is "exec has it" "$(tr -d '\0' <"$WORK/out")" "$label"
runtime exec --process-label system_u:system_r:container_t:s0:c3 "$id" cat /proc/self/attr/current
is "or the one of --process-label" "$(tr -d '\0' <"$WORK/out")" "system_u:system_r:container_t:s0:c3"
ok "exec with a label that the policy does not have" eval '! runtime exec --process-label system_u:system_r:nobody_t:s0 "$id" true'
like "is refused by its name" "$(<"$WORK/out")" "nobody_t.*the SELinux label cannot be set"
ok "delete" runtime delete --force "$id"
rmdir "$ENGINE_ROOT/runc"

once '.process.selinuxLabel = "system_u:system_r:nobody_t:s0"' /bin/true
is "a label that the policy does not have is refused" "$code" 255
like "by its path and name" "$output" "process.selinuxLabel: .*nobody_t"
once '.linux.mountLabel = "system_u:object_r:nobody_t:s0"' /bin/true
is "so is such a mount label" "$code" 255
like "by its path and name" "$output" "linux.mountLabel: .*nobody_t"

# The label is what decides.
echo 1 >/sys/fs/selinux/enforce
secret='.mounts += [{destination: "/secret", type: "tmpfs", source: "tmpfs", options: ["context=system_u:object_r:secret_t:s0"]}] | .linux.mountLabel = ""'
other='.mounts += [{destination: "/other", type: "tmpfs", source: "tmpfs", options: ["context=system_u:object_r:container_file_t:s0:c3"]}] | .linux.mountLabel = ""'
once "$labelled" /bin/sh -c 'echo x >/dev/shm/file && echo wrote'
like "enforcing: what the policy allows" "$output" "^wrote"
once "$labelled | $secret" /bin/sh -c 'echo x >/secret/file; echo "code $?"'
like "what it does not allow" "$output" "/secret/file: Permission denied"
once "$labelled | $other" /bin/sh -c 'echo x >/other/file; echo "code $?"'
like "nor a category that is another container's" "$output" "/other/file: Permission denied"
once "$secret" /bin/sh -c 'echo x >/secret/file && echo wrote'
like "which is for the label alone" "$output" "^wrote"
echo 0 >/sys/fs/selinux/enforce
finish
