#!/usr/bin/env bash
# Builds debian12-686-modules.cpio.gz, the initial RAM disk of the suites here: the guest initrd-busybox-i386.gz, followed by
# the drivers of Debian 12's own kernel package, untouched, and by what overlay/ holds.
#   build-modules.sh                      into the cache folder, where guests are looked for
#   build-modules.sh FOLDER               into another folder
#   build-modules.sh FOLDER PACKAGE.deb   from a package that is there already; else it is fetched by name, and kept
# Needs no root. Needs bash, GNU tools, gzip, cpio and dpkg-deb, and apt-get where the package is to be fetched.
# Exit code 2: this computer lacks something, and the message says what.
set -euo pipefail

release=6.1.0-47-686
package=linux-image-$release
# Each of these brings the modules that it depends on.
modules='ne ne2k-pci 8139cp e1000 virtio_net virtio_pci
  ata_piix sym53c8xx virtio_blk virtio_scsi sd_mod sr_mod floppy isofs ext4 crc32c_generic
  virtio-rng virtio_console parport_pc lp ppdev psmouse evdev pcspkr button'

here=$(cd "$(dirname "$0")" && pwd)
. "$here/initrd.sh"
target=${1:-$cache/guests}
deb=${2:-}

# For 32 bits, wherever the distribution offers that.
fetch() {
  local kept
  kept=$(find "$cache/debian" -name "${package}_*_i386.deb" 2>/dev/null | sort | tail -1)
  if [ -n "$kept" ]; then
    echo "$kept"
    return
  fi
  command -v apt-get >/dev/null || lack "apt-get is absent; give a file of Debian's package $package as second argument"
  prepare_apt -o APT::Architecture=i386 -o APT::Architectures=i386
  # Another source of packages that cannot be reached does no harm: what counts is whether this package comes.
  "${apt[@]}" update >"$work/apt.log" 2>&1 || true
  (cd "$work/fetched" && "${apt[@]}" download "$package") >>"$work/apt.log" 2>&1 || {
    tail -3 "$work/apt.log" >&2
    lack "Debian's package $package (i386) cannot be fetched here; give its file as second argument"
  }
  mkdir -p "$cache/debian"
  mv "$work"/fetched/*.deb "$cache/debian/"
  find "$cache/debian" -name "${package}_*_i386.deb" | sort | tail -1
}

for tool in gzip cpio dpkg-deb; do
  command -v "$tool" >/dev/null || lack "$tool is absent"
done
initrd=$(find_base)
[ -n "$deb" ] || deb=$(fetch)
dpkg-deb --fsys-tarfile "$deb" >"$work/package.tar" || lack "$deb is no Debian package"
mkdir "$work/package" "$work/overlay"
tar -xf "$work/package.tar" -C "$work/package" "./lib/modules/$release/kernel" 2>/dev/null ||
  lack "$deb is not the package $package"

# A module's name as modules give it has underscores; its file may have hyphens.
declare -A path_of=() taken=()
while read -r path; do
  name=$(basename "$path" .ko)
  path_of[${name//-/_}]=$path
done < <(cd "$work/package" && find lib/modules -name '*.ko')

take() { # take MODULE: it and what it depends on, into the overlay.
  local name=${1//-/_} path needed
  [ -z "${taken[$name]-}" ] || return 0
  taken[$name]=1
  path=${path_of[$name]-}
  [ -n "$path" ] || lack "$deb has no module $name"
  mkdir -p "$work/overlay/$(dirname "$path")"
  cp "$work/package/$path" "$work/overlay/$path"
  for needed in $(tr '\0' '\n' <"$work/package/$path" | sed -n 's/^depends=//p' | tr ',' ' '); do
    take "$needed"
  done
}
for module in $modules; do take "$module"; done
cp -R "$here/overlay/." "$work/overlay/"

out=$target/debian12-686-modules.cpio.gz
pack "$work/overlay" "$out" "$work"/overlay/hardware/*
echo "$out: ${#taken[@]} modules of $(dpkg-deb -W "$deb" | tr '\t' ' ')"
