#!/usr/bin/env bash
# tests/as-user.sh UID ranges|single own|CGROUP COMMAND...: runs the command as an ordinary user of that uid and gid, in a private mount
# namespace with its own account files: the user is in them, with 65536 subordinate ids (ranges) or none (single). With a CGROUP the
# namespace has a pure cgroup v2 tree, in which that directory is made, delegated to the user, and entered (CGROUP/shell). Needs root.
set -euo pipefail
uid=${1:?usage: tests/as-user.sh UID ranges|single own|CGROUP COMMAND...} ids=$2 cgroup=$3
if [[ ${AS_USER_INSIDE-} != "$uid" ]]; then
    AS_USER_INSIDE=$uid exec unshare --mount --propagation private -- "$0" "$@"
fi
unset AS_USER_INSIDE
shift 3

mask=$(umask)
umask 022
mount -t tmpfs -o mode=755 tmpfs /mnt
for file in passwd group subuid subgid; do
    cp -p "/etc/$file" "/mnt/$file" 2>/dev/null || : >"/mnt/$file"
    [[ -e /etc/$file ]] || { echo "as-user: /etc/$file is not there, so it cannot be covered" >&2; exit 2; }
    mount --bind "/mnt/$file" "/etc/$file"
done
printf 'et%d:x:%d:%d::/:/bin/sh\n' "$uid" "$uid" "$uid" >>/etc/passwd
printf 'et%d:x:%d:\n' "$uid" "$uid" >>/etc/group
[[ $ids != ranges ]] || printf 'et%d:%d:65536\n' "$uid" $((uid * 65536)) | tee -a /etc/subuid >>/etc/subgid

if [[ $cgroup != own ]]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir -p "/sys/fs/cgroup/$cgroup/shell"
    for directory in "/sys/fs/cgroup/$cgroup" "/sys/fs/cgroup/$cgroup/shell"; do
        chown "$uid:$uid" "$directory" "$directory"/cgroup.{procs,subtree_control,threads}
    done
    echo $$ >"/sys/fs/cgroup/$cgroup/shell/cgroup.procs"
fi
umask "$mask"
exec setpriv --reuid "$uid" --regid "$uid" --init-groups -- "$@"
