#!/usr/bin/env bash
# Makes the bundle of demo.sh and bench.sh: tests/bundle.sh DIRECTORY ARGUMENT... (the payload's argv). No network, no image.
set -euo pipefail
bundle=$1
shift

root=$bundle/rootfs
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp}
busybox=$(command -v busybox)
install -m 0755 "$busybox" "$root/bin/busybox"
# Hard links to the copy, made by itself: one process, not four hundred.
"$root/bin/busybox" --install "$root/bin" 2>/dev/null
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"

# Words as JSON strings; the scripts here hold no control character but newline.
args=''
for word; do
    word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//$'\n'/\\n}
    args+="${args:+, }\"$word\""
done
capabilities='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"]'

cat >"$bundle/config.json" <<EOF
{
  "ociVersion": "1.0.2",
  "process": {
    "terminal": ${BUNDLE_TERMINAL:-false},
    "user": { "uid": 0, "gid": 0 },
    "args": [$args],
    "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
    "cwd": "/",
    "capabilities": { "bounding": $capabilities, "effective": $capabilities, "permitted": $capabilities },
    "noNewPrivileges": true
  },
  "root": { "path": "rootfs" },
  "hostname": "demo",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] }
  ],
  "linux": {
    "namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }],
    "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
EOF
