#!/usr/bin/env bash
# Fetches two kernels of Debian 12 that are started by the Multiboot protocol, GNU Mach and tboot, unpacked from its packages.
#   fetch-kernels.sh            into the cache folder, where guests are looked for
#   fetch-kernels.sh FOLDER     into another folder
# Needs no root. Needs bash, gzip and dpkg-deb, and apt-get with Debian's sources.
# Exit code 2: this computer lacks something, and the message says what.
set -euo pipefail

target=${1:-${TSVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvm-test}/guests}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lack() {
  echo "fetch-kernels.sh: $*" >&2
  exit 2
}
for tool in gzip dpkg-deb apt-get; do
  command -v "$tool" >/dev/null || lack "$tool is absent"
done

# fetch ARCHITECTURE PACKAGE FILE NAME: a packed file of a package becomes a guest. Package lists of our own: those of the computer stay as they are.
fetch() {
  local architecture=$1 package=$2 file=$3 name=$4 own=$work/$1
  [ ! -e "$target/$name" ] || return 0
  mkdir -p "$own/lists/partial" "$own/archives/partial" "$own/fetched"
  : >"$own/status"
  local apt=(apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User=
    -o Dir::State::Lists="$own/lists" -o Dir::State::status="$own/status" -o Dir::Cache="$own" -o Dir::Cache::Archives=archives
    -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o Acquire::Retries=1)
  "${apt[@]}" update >"$own/apt.log" 2>&1 || true
  (cd "$own/fetched" && "${apt[@]}" download "$package") >>"$own/apt.log" 2>&1 || {
    tail -3 "$own/apt.log" >&2
    lack "Debian's package $package ($architecture) cannot be fetched here"
  }
  dpkg-deb --fsys-tarfile "$own/fetched/$package"_*.deb | tar -xO "$file" | gzip -dc >"$own/kernel"
  mkdir -p "$target"
  mv "$own/kernel" "$target/$name"
  echo "$target/$name"
}

fetch i386 gnumach-image-1.8-486 ./boot/gnumach-1.8-486.gz gnumach-1.8-486.exec
fetch amd64 tboot ./boot/tboot.gz tboot-1.10.5.exec
