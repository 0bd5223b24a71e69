#!/bin/sh
# Builds the firmware from its sources: 128 KiB in a scratch folder, then src/firmware/image.ts and, with the lower half of a
# board with PCI hot plug, hot-plug-image.ts. The bytes depend on nothing but the sources, the compilers and iasl: no date,
# no path, no debug information.
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

common="-std=gnu11 -Os -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector -fomit-frame-pointer
    -fno-asynchronous-unwind-tables -fno-jump-tables -fno-tree-switch-conversion -fno-strict-aliasing -mno-sse -mno-mmx
    -mno-80387 -march=i386 -mtune=i386 -mregparm=3 -mpreferred-stack-boundary=2 -ffile-prefix-map=$firmware=.
    -fstack-usage -Wall -Wextra -Werror -c"
link="-m elf_i386 --build-id=none -z noexecstack --no-warn-rwx-segments --no-check-sections"

# assemble FOLDER SOURCE…
assemble() {
    folder=$1
    shift
    for source in "$@"; do
        nasm -f elf32 -O2 -I "$scratch/" -I "$firmware/$folder/" -o "$scratch/$folder/$source.o" "$firmware/$folder/$source"
    done
}
# compile FOLDER OBJECT-SUFFIX FLAGS SOURCE…
compile() {
    folder=$1 suffix=$2 flags=$3
    shift 3
    for source in "$@"; do
        # shellcheck disable=SC2086
        (cd "$firmware/$folder" && gcc $common $flags -o "$scratch/$folder/$source$suffix.o" "$source")
    done
}

mkdir "$scratch/bios" "$scratch/setup"
node "$here/make-font.mjs" "$scratch"

small="el_torito.c mouse.c option_rom.c video_graphics.c"
cd "$firmware/bios"
assemble bios entry32.asm fixed.asm tables.asm
compile bios '' -m16 ./*.c
# The segment is nearly full: these take fewer bytes when functions that are called once stay functions.
# shellcheck disable=SC2086
compile bios '' '-m16 -fno-inline-functions-called-once' $small
compile bios .32 '-m32 -DPCI_SERVICE_32' pci_service.c
# shellcheck disable=SC2086
ld $link -T link.ld -Map "$scratch/firmware.map" -o "$scratch/firmware.elf" "$scratch"/bios/*.o
objcopy -O binary -j .head -j .rom -j .fixed --gap-fill 0xFF "$scratch/firmware.elf" "$scratch/upper.bin"

# lower_half NAME FLAGS: the 32-bit part, with the tables that the flags ask for.
lower_half() {
    name=$1 flags=$2
    # shellcheck disable=SC2086
    gcc -E -P -undef $flags -x c -o "$scratch/dsdt.asl" "$firmware/setup/dsdt.asl"
    iasl -vs -ve -p "$scratch/dsdt" "$scratch/dsdt.asl" >"$scratch/iasl.log" || { cat "$scratch/iasl.log" >&2; exit 1; }
    cd "$firmware/setup"
    assemble setup entry.asm data.asm
    compile setup '' "-m32 $flags" ./*.c
    # shellcheck disable=SC2086
    ld $link -T setup.ld -Map "$scratch/setup.map" -o "$scratch/setup.elf" "$scratch"/setup/*.o
    objcopy -O binary -j .setup -j .font --gap-fill 0xFF --pad-to 0xFFFF0000 "$scratch/setup.elf" "$scratch/$name.bin"
}
lower_half hot-plug -DHOT_PLUG
lower_half lower ''

cat "$scratch/lower.bin" "$scratch/upper.bin" >"$rom"
[ "$(stat -c %s "$rom")" = 131072 ] || { echo "the firmware is not 128 KiB" >&2; exit 1; }
if [ -n "${out:-}" ]; then
    cp "$rom" "$out"
    cat "$scratch/hot-plug.bin" "$scratch/upper.bin" >"$(dirname "$out")/hot-plug.bin"
    cp "$scratch"/*.map "$scratch"/*.elf "$scratch/dsdt.aml" "$(dirname "$out")/"
    cat "$scratch"/bios/*.su >"$out.stack"
fi
if [ $write_image = yes ]; then
    node "$here/write-image.mjs" "$rom" "$scratch/hot-plug.bin" "$firmware"
fi
