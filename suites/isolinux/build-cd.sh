#!/usr/bin/env bash
# Builds isolinux.iso out of ISOLINUX and its modules, as Debian 12's packages `isolinux` and `syslinux-common` install them, and the menus here.
#   build-cd.sh            into the cache folder, where guests are looked for
#   build-cd.sh FOLDER     into another folder
# Needs no root. Needs bash, xorriso and those packages. Equal bytes wherever and whenever it is built.
# Exit code 2: this computer lacks something, and the message says what.
set -euo pipefail
export TZ=UTC LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
target=${1:-${TSVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvm-test}/guests}
loader=/usr/lib/ISOLINUX/isolinux.bin
modules=/usr/lib/syslinux/modules/bios
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lack() {
  echo "build-cd.sh: $*" >&2
  exit 2
}
command -v xorriso >/dev/null || lack 'xorriso is absent'
[ -e "$loader" ] || lack "$loader is absent: Debian's package isolinux"
[ -e "$modules/hdt.c32" ] || lack "$modules/hdt.c32 is absent: Debian's package syslinux-common"

mkdir "$work/isolinux"
cp "$loader" "$here/isolinux.cfg" "$here/text.cfg" "$work/isolinux/"
for module in ldlinux libcom32 libutil libmenu libgpl vesamenu menu hdt chain reboot poweroff; do
  cp "$modules/$module.c32" "$work/isolinux/"
done
find "$work/isolinux" -type f -exec chmod 644 {} +
chmod 755 "$work/isolinux"
find "$work/isolinux" -exec touch -h -d @0 {} +
mkdir -p "$target"
SOURCE_DATE_EPOCH=315532800 xorriso -as mkisofs -quiet -volid TSVM_ISOLINUX -uid 0 -gid 0 --modification-date=1980010100000000 --set_all_file_dates =315532800 -b isolinux/isolinux.bin -c isolinux/boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table -o "$work/isolinux.iso" -graft-points "/isolinux=$work/isolinux" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
mv "$work/isolinux.iso" "$target/isolinux.iso"
echo "$target/isolinux.iso"
