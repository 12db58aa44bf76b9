#!/usr/bin/env bash
# Makes what the virtual machine boots, under OUT/vm, from Debian packages: kernel, modules, root image. Each part is kept until what
# it is made from changes. tests/vm/image.sh OUT
set -euo pipefail
out=${1:?usage: tests/vm/image.sh OUT}
vm=$out/vm
mkdir -p "$vm"

# The metapackage names the newest kernel; the cloud variant has every controller and AppArmor, and few drivers.
readonly KERNEL=linux-image-cloud-amd64
readonly SUITE=bookworm
readonly PACKAGES=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,apparmor,busybox-static,libseccomp2,kmod,util-linux,procps,jq,uidmap,podman,crun,runc,checkpolicy,keyutils
# Loaded before the root is mounted, with what they depend on.
readonly BOOT_MODULES='virtio_pci virtio_blk'
# In the root image: what the suites load.
readonly ROOT_MODULES='overlay autofs4 loop dummy'

say() { printf '== vm: %s\n' "$*" >&2; }

scratch=$(mktemp -d "$vm/.make.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# made NAME KEY FILE...: every FILE exists and was made from KEY.
made() {
    local mark=$vm/.$1 key=$2 file
    shift 2
    for file; do [[ -e $vm/$file ]] || return 1; done
    [[ -e $mark && $(<"$mark") == "$key" ]]
}

kernel_package() { apt-cache depends "$KERNEL" 2>/dev/null | sed -n 's/^  Depends: \(linux-image-[0-9].*\)/\1/p'; }

make_kernel() {
    local package
    package=$(kernel_package)
    [[ $package ]] || { apt-get -qq update >&2; package=$(kernel_package); }
    [[ $package ]] || { echo "vm: apt knows no package $KERNEL" >&2; return 1; }
    say "kernel: $package"
    # Unpacked, not installed: no boot loader and no initramfs of this machine is touched.
    (cd "$scratch" && { apt-get -qq -o APT::Sandbox::User=root download "$package" || { apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download "$package"; }; }) >&2
    dpkg-deb -x "$scratch"/linux-image-*.deb "$scratch/kernel"
    mv "$scratch"/kernel/boot/vmlinuz-* "$vm/vmlinuz"
    rm -rf "$vm/kernel"
    mkdir "$vm/kernel"
    mv "$scratch/kernel/lib" "$vm/kernel/lib"
    depmod -b "$vm/kernel" "$(release)"
}

make_packages() {
    say "packages of the root: $SUITE"
    # A mount namespace of its own: what is mounted for the configuration of the packages is gone with it.
    unshare --mount --propagation private mmdebstrap --quiet --variant=minbase --mode=root --include="$PACKAGES" "$SUITE" "$scratch/root.tar" >&2
    mv "$scratch/root.tar" "$vm/root.tar"
}

release() { basename "$vm"/kernel/lib/modules/*; }

# The files of modules and of what they depend on, in the order in which they can be loaded; a name that is built in has none.
module_files() {
    local module
    for module; do
        modprobe -d "$vm/kernel" -S "$(release)" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++'
}

make_root() {
    local root=$scratch/root modules file
    say "root image"
    mkdir "$root"
    tar -C "$root" -xf "$vm/root.tar"
    modules=lib/modules/$(release)
    # shellcheck disable=SC2086 # a list of words
    module_files $ROOT_MODULES | while read -r file; do
        install -D -m 0644 "$file" "$root/$modules/kernel/${file##*/}"
    done
    cp "$vm/kernel/$modules"/modules.{order,builtin,builtin.modinfo} "$root/$modules/"
    depmod -b "$root" "$(release)"
    echo engine-vm >"$root/etc/hostname"
    : >"$root/etc/fstab"
    # An ordinary user with ranges of ids. PAM lets the user's manager in for an account that is in shadow, too.
    echo 'user:x:1000:1000::/home/user:/bin/sh' >>"$root/etc/passwd"
    echo 'user:!:20000::::::' >>"$root/etc/shadow"
    echo 'user:x:1000:' >>"$root/etc/group"
    echo 'user:100000:65536' | tee "$root/etc/subuid" >"$root/etc/subgid"
    install -d -o 1000 -g 1000 "$root/home/user"
    # A journal and documentation cost time and room and are read by nobody.
    rm -rf "$root"/usr/share/{doc,man,locale,i18n} "$root"/var/lib/apt/lists/* "$root/var/log/journal"
    mke2fs -q -t ext4 -O ^has_journal -d "$root" "$scratch/root.img" 1g
    mv "$scratch/root.img" "$vm/root.img"
}

# The first part of the initramfs; run.sh appends the programs and the suites.
make_boot() {
    local boot=$scratch/boot file
    mkdir -p "$boot"/{bin,modules,dev,proc,sys,root}
    cp "$(command -v busybox)" "$boot/bin/busybox"
    ln -s busybox "$boot/bin/sh"
    : >"$boot/modules/order"
    # shellcheck disable=SC2086 # a list of words
    module_files $BOOT_MODULES | while read -r file; do
        cp "$file" "$boot/modules/"
        echo "${file##*/}" >>"$boot/modules/order"
    done
    (cd "$boot" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/boot.cpio"
    mv "$scratch/boot.cpio" "$vm/boot.cpio"
}

# part NAME KEY FUNCTION FILE...
part() {
    local name=$1 key=$2 function=$3
    shift 3
    made "$name" "$key" "$@" && return 0
    rm -f "$vm/.$name"
    "$function"
    printf '%s\n' "$key" >"$vm/.$name"
}

script=$(sha256sum <"${BASH_SOURCE[0]}")
part kernel "$KERNEL" make_kernel vmlinuz kernel
part packages "$SUITE $PACKAGES" make_packages root.tar
part root "$SUITE $PACKAGES $script" make_root root.img
part boot "$script" make_boot boot.cpio
