#!/bin/sh
# Builds bench.img, the used sectors of the bench's floppy. Needs nasm.
#   build.sh           builds beside the sources
#   build.sh --check   builds elsewhere and compares; fails where a byte differs
set -eu
cd "$(dirname "$0")"
if [ "${1:-}" = --check ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    nasm -f bin -o "$scratch/bench.img" bench.asm
    cmp "$scratch/bench.img" bench.img
else
    nasm -f bin -o bench.img bench.asm
fi
