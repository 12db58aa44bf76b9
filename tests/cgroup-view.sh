#!/usr/bin/env bash
# tests/cgroup-view.sh v1|v2|own COMMAND...: runs the command in a private mount namespace in which /sys/fs/cgroup is a pure cgroup
# v1 or a pure cgroup v2 tree; `own` changes nothing. The machine's own mounts stay as they are. Needs root.
# On a machine that has its controllers on v1 the v2 tree shows only what is left for it.
set -euo pipefail
view=${1:?usage: tests/cgroup-view.sh v1|v2|own COMMAND...}
shift
[[ $view != own ]] || exec "$@"
if [[ ${CGROUP_VIEW_INSIDE-} != "$view" ]]; then
    CGROUP_VIEW_INSIDE=$view exec unshare --mount --propagation private -- "$0" "$view" "$@"
fi
unset CGROUP_VIEW_INSIDE

umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
case $view in
v2) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
v1)
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    # A controller that v2 has taken cannot be mounted here; its directory would lie.
    while read -r controller hierarchy _; do
        [[ $controller != \#* && $hierarchy != 0 ]] || continue
        mkdir "/sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null || rmdir "/sys/fs/cgroup/$controller"
    done </proc/cgroups
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd 2>/dev/null || rmdir /sys/fs/cgroup/systemd
    ;;
*) echo "cgroup-view: v1, v2 or own, not '$view'" >&2; exit 2 ;;
esac
exec "$@"
