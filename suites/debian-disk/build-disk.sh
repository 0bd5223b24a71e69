#!/usr/bin/env bash
# Builds debian12-i386-disk.img, the disk of the suite here: Debian 12 for i386 as debootstrap installs it, with Debian's kernel,
# systemd and GRUB, on one ext4 partition behind a master boot record. Every file is of Debian's packages but the settings below.
#   build-disk.sh           into the cache folder, where guests are looked for
#   build-disk.sh FOLDER    into another folder
# Needs root (debootstrap does), debootstrap, e2fsprogs, fdisk and grub-pc-bin, and Debian's archive as apt has it.
# Exit code 2: this computer lacks something, and the message says what.
set -euo pipefail

packages=systemd-sysv,udev,dbus,linux-image-686,ifupdown,isc-dhcp-client,iproute2,iputils-ping,wget,e2fsprogs,kmod,login,passwd,procps,pciutils,grub-pc-bin
megabytes=1400
uuid=7e57ab1e-0000-4000-8000-000000000001

cache=${TSVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvm-test}
target=${1:-$cache/guests}

lack() {
  echo "build-disk.sh: $*" >&2
  exit 2
}
[ "$(id -u)" = 0 ] || lack 'debootstrap needs root'
for tool in debootstrap mke2fs sfdisk grub-mkimage chroot; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || lack "$tool is absent"
done
export PATH=$PATH:/usr/sbin:/sbin
mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 's/^bookworm //p;T;q')
[ -n "$mirror" ] || lack "apt knows no archive of Debian 12; run: apt-get update"

work=$(mktemp -d)
trap 'umount "$work/root/proc" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
root=$work/root
debootstrap --arch i386 --variant minbase --include="$packages" bookworm "$root" "$mirror" >"$work/log" 2>&1 || {
  tail -3 "$work/log" >&2
  lack "Debian cannot be installed from $mirror"
}
rm -f "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*_*

echo debian >"$root/etc/hostname"
printf '127.0.0.1 localhost debian\n' >"$root/etc/hosts"
printf 'UUID=%s / ext4 errors=remount-ro 0 1\n' "$uuid" >"$root/etc/fstab"
printf 'auto lo\niface lo inet loopback\nallow-hotplug eth0\niface eth0 inet dhcp\n' >"$root/etc/network/interfaces"
echo root:root | chroot "$root" chpasswd
release=$(cd "$root/boot" && echo vmlinuz-*)
release=${release#vmlinuz-}
modules=$root/boot/grub/i386-pc
mkdir -p "$modules"
cp "$root"/usr/lib/grub/i386-pc/*.mod "$root"/usr/lib/grub/i386-pc/*.lst "$modules/"
cat >"$root/boot/grub/grub.cfg" <<END
set timeout=1
menuentry 'Debian GNU/Linux' {
  linux /boot/vmlinuz-$release root=UUID=$uuid ro net.ifnames=0 console=tty0 console=ttyS0,115200
  initrd /boot/initrd.img-$release
}
END

# No loop device: the partition is written where it stands, GRUB's first sector and core by hand, as grub-bios-setup places them.
disk=$work/disk.img
truncate -s "${megabytes}M" "$disk"
printf 'label: dos\nlabel-id: 0x7e57ab1e\nstart=2048, type=83, bootable\n' | sfdisk -q "$disk"
mke2fs -q -F -t ext4 -U "$uuid" -d "$root" -E offset=1048576 "$disk" "$(((megabytes - 1) * 1024))k"
printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\n' "$uuid" >"$work/early.cfg"
grub-mkimage -d "$root/usr/lib/grub/i386-pc" -O i386-pc -o "$work/core.img" -c "$work/early.cfg" -p /boot/grub \
  biosdisk part_msdos ext2 search_fs_uuid
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
mkdir -p "$target"
cp --sparse=always "$disk" "$target/debian12-i386-disk.img"
echo "$target/debian12-i386-disk.img: Debian $(cat "$root/etc/debian_version") with kernel $release"
