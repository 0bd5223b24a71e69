#!/bin/sh
# Builds QEMU's device test programs from Debian's source package into a folder: sh build.sh FOLDER
# Needs deb-src sources, and: libglib2.0-dev libpixman-1-dev libfdt-dev flex bison meson ninja-build python3-venv
set -e
folder=${1:?a folder}
mkdir -p "$folder/src"
cd "$folder"
apt-get source --download-only qemu
tar -C src --strip-components=1 -xf qemu_*.orig.tar.xz
mkdir -p src/b
cd src/b
../configure --target-list=i386-softmmu --without-default-features --enable-tcg --disable-docs
# shellcheck disable=SC2046
nice ninja $(printf 'tests/qtest/%s ' rtc-test fdc-test ide-test hd-geo-test i440fx-test cdrom-test \
  display-vga-test rtl8139-test qos-test)
