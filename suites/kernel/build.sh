#!/bin/sh
# Builds Minnow: kernel.img, a bootable disk, and kernel.map, the addresses of its symbols.
#   build.sh           builds into this folder
#   build.sh --check   builds into a temporary folder and compares; fails where a byte differs
#   build.sh FOLDER    builds into another folder
# Needs gcc that can make 32-bit code, GNU ld and objcopy, nasm. The bytes are those of Debian 12's gcc 12.2.0.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$here/source
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
target=${1:-$here}
if [ "$target" = --check ]; then target=$objects/check; fi
mkdir -p "$target"

# Two cylinders of 16 heads and 63 sectors: every way to address a sector reaches every sector.
disk_sectors=2016
setup_sectors=2
# What the journal uses begins here.
journal_sector=1024

# Frames, calls and names stay as in the source, so that a panic's list of calls and kernel.map can be read.
flags='-m32 -march=i386 -std=gnu11 -O2 -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident -fcf-protection=none
  -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -fno-optimize-sibling-calls -fno-inline-functions-called-once
  -fno-ipa-cp -fno-ipa-sra -fno-partial-inlining -mno-sse -mno-mmx -mno-80387 -msoft-float -Wall -Wextra -Werror'

cd "$source"
for name in start entries; do nasm -f elf32 -o "$objects/$name.asm.o" "$name.asm"; done
for file in *.c; do gcc $flags -c -o "$objects/${file%.c}.o" "$file"; done
LC_ALL=C ld -m elf_i386 -T kernel.ld --build-id=none -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
  -o "$objects/kernel.elf" \
  "$objects"/start.asm.o "$objects"/entries.asm.o $(LC_ALL=C ls "$objects"/*.o | grep -v '\.asm\.o$')

# Nothing newer than an 80386, no coprocessor.
if objdump -d -M intel --no-show-raw-insn "$objects/kernel.elf" | cut -f 2 |
  grep -E '^(cmov|bswap|cpuid|rdtsc|xadd|cmpxchg|invlpg|wbinvd|ud[0-2]|f[a-z]+|sysenter|sysexit|p[a-z]+ .*mm|mov[a-z]* .*mm)'; then
  echo 'kernel.elf has instructions that an 80386 has not' >&2
  exit 1
fi

objcopy -O binary "$objects/kernel.elf" "$objects/kernel.bin"
truncate -s %4 "$objects/kernel.bin"
kernel_bytes=$(stat -c %s "$objects/kernel.bin")
sectors=$((setup_sectors + (kernel_bytes + 511) / 512))
# One request of the firmware reads up to 127 sectors.
if [ "$sectors" -gt 127 ] || [ "$((sectors + 1))" -gt "$journal_sector" ]; then
  echo "the kernel is too large: $sectors sectors" >&2
  exit 1
fi

nasm -f bin -D "SECTORS=$sectors" -o "$objects/boot.bin" boot.asm
nasm -f bin -D "KERNEL_BYTES=$kernel_bytes" -o "$objects/setup.bin" setup.asm
cat "$objects/boot.bin" "$objects/setup.bin" "$objects/kernel.bin" > "$objects/kernel.img"
truncate -s "$((disk_sectors * 512))" "$objects/kernel.img"
LC_ALL=C nm -n "$objects/kernel.elf" | grep -v ' a ' > "$objects/kernel.map"
cp "$objects/kernel.img" "$objects/kernel.map" "$target/"

if [ "${1:-}" = --check ]; then
  for file in kernel.img kernel.map; do
    cmp "$target/$file" "$here/$file" || {
      echo "$file in $here is not what the source gives: run npm run guests:build" >&2
      exit 1
    }
  done
  echo 'kernel.img and kernel.map are what the source gives'
fi
