#!/bin/sh
# Builds the firmware from its sources: 64 KiB in a scratch folder, then src/firmware/image.ts. The bytes depend on
# nothing but the sources and the compiler: no date, no path, no debug information.
# Usage: build.sh [--out FILE.bin] [--no-image]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
firmware=$(dirname "$here")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rom=$scratch/firmware.bin
write_image=yes
while [ $# -gt 0 ]; do
    case $1 in
    --out) out=$2; shift 2 ;;
    --no-image) write_image=no; shift ;;
    *) echo "usage: build.sh [--out FILE.bin] [--no-image]" >&2; exit 2 ;;
    esac
done

fonts=$scratch/font
node "$here/make-font.mjs" "$fonts"
cd "$firmware/bios"
objects=
for source in *.asm; do
    case $source in start.asm) continue ;; esac
    nasm -f elf32 -O2 -I "$fonts/" -o "$scratch/$source.o" "$source"
    objects="$objects $scratch/$source.o"
done
for source in *.c; do
    gcc -m16 -march=i386 -mtune=i386 -std=gnu11 -Os -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector \
        -mregparm=3 -mpreferred-stack-boundary=2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-jump-tables \
        -fno-tree-switch-conversion -fno-strict-aliasing -mno-sse -mno-mmx -mno-80387 -ffile-prefix-map="$PWD"=. \
        -fstack-usage -Wall -Wextra -Werror -c -o "$scratch/$source.o" "$source"
    objects="$objects $scratch/$source.o"
done
# shellcheck disable=SC2086
ld -m elf_i386 --build-id=none -z noexecstack --no-warn-rwx-segments -T link.ld -Map "$scratch/firmware.map" -o "$scratch/firmware.elf" $objects
objcopy -O binary -j .head -j .rom -j .fixed --gap-fill 0xFF "$scratch/firmware.elf" "$rom"
[ "$(stat -c %s "$rom")" = 65536 ] || { echo "the firmware is not 64 KiB" >&2; exit 1; }
if [ -n "${out:-}" ]; then
    cp "$rom" "$out"
    cp "$scratch/firmware.map" "$scratch/firmware.elf" "$(dirname "$out")/"
    cat "$scratch"/*.su > "$out.stack"
fi
if [ $write_image = yes ]; then node "$here/write-image.mjs" "$rom" "$firmware/image.ts"; fi
