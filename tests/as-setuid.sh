#!/usr/bin/env bash
# tests/as-setuid.sh UID GROUPS INSTALL ETC COMMAND...: runs the command as an ordinary user of that uid and gid with these groups (a comma list), in a
# private mount namespace in which INSTALL is /usr/local (a set-uid installation) and ETC is /etc/engine. The machine is not changed. Needs root.
set -euo pipefail
uid=${1:?usage: tests/as-setuid.sh UID GROUPS INSTALL ETC COMMAND...} groups=$2 install=$3 etc=$4
if [[ ${AS_SETUID_INSIDE-} != "$uid" ]]; then
    AS_SETUID_INSIDE=$uid exec unshare --mount --propagation private -- "$0" "$@"
fi
unset AS_SETUID_INSIDE
shift 4

mask=$(umask)
umask 022
mount --bind "$install" /usr/local
# /etc/engine may not be there, and is not made: a layer over /etc has it.
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir -p /mnt/upper/engine /mnt/work
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc
mount --bind "$etc" /etc/engine
umask "$mask"
exec setpriv --reuid "$uid" --regid "$uid" --groups "$groups" -- "$@"
