#!/bin/sh
# Builds a kernel of the project that a Multiboot loader starts; the build.sh of its folder calls this.
#   build.sh NAME           builds suites/NAME/NAME.elf from suites/NAME/source
#   build.sh NAME --check   builds into a temporary folder and compares; fails where a byte differs
# Needs gcc that can make 32-bit code, GNU ld, nasm. The bytes are those of Debian 12's gcc 12.2.0.
set -eu

support=$(cd "$(dirname "$0")" && pwd)
name=$1
folder=$support/../$name
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

flags='-m32 -march=i686 -std=gnu11 -O1 -ffreestanding -fno-builtin -fno-pic -fno-pie -fno-stack-protector
  -fno-asynchronous-unwind-tables -fno-ident -fcf-protection=none -fno-toplevel-reorder -mno-sse -mno-mmx -mno-80387 -msoft-float
  -Wall -Wextra -Werror'

cd "$folder/source"
nasm -f elf32 -I "$support/" -o "$objects/entry.asm.o" entry.asm
for file in *.c; do gcc $flags -I "$support" -c -o "$objects/${file%.c}.o" "$file"; done
LC_ALL=C ld -m elf_i386 -T "$support/kernel.ld" --build-id=none -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments -s \
  -o "$objects/$name.elf" "$objects/entry.asm.o" $(LC_ALL=C ls "$objects"/*.o | grep -v '\.asm\.o$')

if [ "${2:-}" = --check ]; then
  cmp "$objects/$name.elf" "$folder/$name.elf"
else
  cp "$objects/$name.elf" "$folder/$name.elf"
fi
