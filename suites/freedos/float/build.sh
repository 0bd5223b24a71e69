#!/bin/sh
# Builds float.img, a floppy of 360 KiB with FLOAT.COM on it, from float.asm. Needs nasm and mtools.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nasm -f bin -o "$work/float.com" float.asm
touch -d '2024-01-01 00:00:00 UTC' "$work/float.com"
truncate -s 368640 "$work/float.img"
export TZ=UTC SOURCE_DATE_EPOCH=1704067200
mformat -i "$work/float.img" -f 360 -N 46504c54 -v FLOAT ::
mcopy -m -i "$work/float.img" "$work/float.com" ::FLOAT.COM
cp "$work/float.img" float.img
