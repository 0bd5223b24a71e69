#!/bin/sh
# Builds `work`, the bench's program: static, 32-bit, no library. Needs gcc with -m32 (Debian: gcc-multilib, or gcc on i386).
#   build.sh           builds beside the sources
#   build.sh --check   builds elsewhere and compares; fails where a byte differs
# The committed program is Debian 12's gcc 12.2: another compiler gives another program, and --check says so.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
common='-m32 -march=i686 -O2 -std=c11 -Wall -Wextra -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables
  -fno-tree-loop-distribute-patterns -fno-tree-vectorize -fno-ident -fcf-protection=none -mno-sse'
compile() { # SOURCE [OPTION...]
    source=$1
    shift
    gcc $common "$@" -c -o "$scratch/${source%.*}.o" "$source"
}
for source in main.c runtime.c integer.c memory.c system.c text.c one-page.s; do compile $source; done
compile floating-x87.c -mfpmath=387
compile floating-sse2.c -msse2 -mfpmath=sse
cd "$scratch"
gcc -m32 -static -nostdlib -no-pie -Wl,--build-id=none,-z,noseparate-code,-z,norelro,--strip-all,--no-warn-rwx-segments -o work \
    main.o runtime.o integer.o memory.o system.o text.o one-page.o floating-x87.o floating-sse2.o
objcopy -R .comment work
cd - >/dev/null
if [ "${1:-}" = --check ]; then
    cmp "$scratch/work" work || {
        echo "build.sh: built by $(gcc --version | head -1); the committed program is gcc 12.2's" >&2
        exit 1
    }
else
    cp "$scratch/work" work
fi
