#!/bin/sh
# Builds QEMU's device test programs from Debian's source package: sh build.sh FOLDER
# They are in FOLDER/programs afterwards; what is there already is kept, so a second run costs nothing.
# Exit code 2: the package or what it is built with cannot be had here. Needs no root where these packages are installed:
#   dpkg-dev gcc libglib2.0-dev libpixman-1-dev libfdt-dev flex bison meson ninja-build pkg-config python3-venv
set -eu
programs='rtc-test fdc-test ide-test hd-geo-test i440fx-test cdrom-test display-vga-test rtl8139-test qos-test
  boot-order-test boot-serial-test fuzz-lsi53c895a-test endianness-test drive_del-test device-plug-test
  fw_cfg-test fuzz-virtio-scsi-test machine-none-test pxe-test wdt_ib700-test'
mkdir -p "${1:?a folder}"
folder=$(cd "$1" && pwd)

complete() {
    for program in $programs; do [ -x "$folder/programs/$program" ] || return 1; done
}
absent() {
    echo "build.sh: $1" >&2
    exit 2
}
complete && exit 0
for command in apt-get dpkg-source gcc flex bison meson ninja pkg-config python3; do
    command -v $command >/dev/null || absent "there is no $command"
done
pkg-config glib-2.0 pixman-1 || absent 'libglib2.0-dev or libpixman-1-dev is absent'

# The computer's own sources of packages, asked for source packages too, with lists of their own: nothing of the system changes.
lists=$folder/apt
mkdir -p "$lists/parts" "$lists/lists/partial" "$lists/cache"
for file in /etc/apt/sources.list.d/debian*.sources; do
    [ -e "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$lists/parts/$(basename "$file")"
done
[ -e /etc/apt/sources.list ] && sed -n 's/^deb \(.*debian\.org.*\)/deb-src \1/p' /etc/apt/sources.list >"$lists/parts/main.list"
apt() {
    apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$lists/parts" -o Dir::State::Lists="$lists/lists" \
        -o Dir::Cache="$lists/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}
cd "$folder"
if [ ! -e unpacked ]; then
    rm -rf qemu-*/
    apt update || absent 'no list of source packages can be had'
    apt source qemu || absent "the source package 'qemu' cannot be had"
    touch unpacked
fi
cd qemu-*/
# The program that boots from the network is built only with a network of QEMU's own, which it does not itself use.
sed -i "s/(slirp.found() ? \['pxe-test'\] : \[\])/['pxe-test']/" tests/qtest/meson.build
mkdir -p b
cd b
[ -e build.ninja ] || ../configure --target-list=i386-softmmu --without-default-features --enable-tcg --disable-docs
# shellcheck disable=SC2086
nice ninja $(printf 'tests/qtest/%s ' $programs)
mkdir -p "$folder/programs"
for program in $programs; do cp "tests/qtest/$program" "$folder/programs/"; done
