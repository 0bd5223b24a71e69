#!/usr/bin/env bash
# Builds allegro-i386.cpio.gz, the initial RAM disk of the suite here: the guest initrd-busybox-i386.gz, followed by programs of Allegro 4.4 and one of
# our own, linked with Allegro's driver of mode X for the Linux console, and by what overlay/ holds.
#   build.sh                           into the cache folder, where guests are looked for
#   build.sh FOLDER                    into another folder
#   build.sh FOLDER SOURCE.orig.tar.gz from the source that is there already; else it is fetched by name as Debian's source package allegro4.4, and kept
# Needs no root. Needs bash, GNU tools, cpio, and gcc that compiles for i386 (Debian's package gcc-multilib); apt-get where the source is to be fetched.
# Exit code 2: this computer lacks something, and the message says what.
set -euo pipefail
export LC_ALL=C TZ=UTC

source=allegro4.4_4.4.3.1.orig.tar.gz
source_sha256=ec19dbc9a021244582b4819b3583ee594b50141f9fcf6944a4ed8069cbf8d4d4

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../linux/initrd.sh"
target=${1:-$cache/guests}
tarball=${2:-}

# The list of source packages is our own, made out of where the computer has its packages from; that computer's lists stay as they are.
fetch() {
  if [ -f "$cache/debian/$source" ]; then
    echo "$cache/debian/$source"
    return
  fi
  command -v apt-get >/dev/null || lack "apt-get is absent; give a file $source as second argument"
  mkdir "$work/parts"
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb /deb-src /p' >"$work/sources.list"
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")"
  done
  prepare_apt -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts"
  "${apt[@]}" update >"$work/apt.log" 2>&1 || true
  # Debian's own changes are not needed: where they cannot be had, the source may still have come.
  (cd "$work/fetched" && "${apt[@]}" source --download-only --tar-only allegro4.4) >>"$work/apt.log" 2>&1 || true
  [ -f "$work/fetched/$source" ] || {
    tail -3 "$work/apt.log" >&2
    lack "Debian's source package allegro4.4 cannot be fetched here; give its file $source as second argument"
  }
  mkdir -p "$cache/debian"
  mv "$work/fetched/$source" "$cache/debian/"
  echo "$cache/debian/$source"
}

for tool in gcc ar objcopy cpio gzip; do
  command -v "$tool" >/dev/null || lack "$tool is absent"
done
mkdir "$work/build" "$work/objects"
echo '#include <stdio.h>
int main(void) { return puts("") < 0; }' >"$work/build/probe.c"
gcc -m32 -static -o "$work/build/probe" "$work/build/probe.c" 2>/dev/null || lack "gcc cannot compile for i386: Debian's package gcc-multilib"
initrd=$(find_base)
[ -n "$tarball" ] || tarball=$(fetch)
[ -f "$tarball" ] || lack "$tarball is absent"
[ "$(sha256sum <"$tarball" | cut -d' ' -f1)" = $source_sha256 ] || lack "$tarball is not Debian's $source, of SHA-256 $source_sha256"
tar -xzf "$tarball" -C "$work"
allegro=$work/allegro-4.4.3.1

cd "$work/build"
includes=(-I"$work/build" -I"$here/configuration" -I"$allegro/include" -I"$allegro" -I"$allegro/src/i386")
# Paths of this computer do not get into what is built.
compile=(gcc -m32 -march=i686 -O2 -w -fcommon -fno-pic -fno-strict-aliasing "-ffile-prefix-map=$work=." "${includes[@]}" -D_GNU_SOURCE
  -DALLEGRO_STATICLINK -include "$here/configuration/assembler.h")
assemble=(gcc -m32 -x assembler-with-cpp "${includes[@]}")

# list NAME: the C files of a list in Allegro's build description.
list() { sed -n "/^set($1\$/,/)/p" "$allegro/cmake/FileList.cmake" | grep -v '#' | grep -o 'src/[a-z0-9/]*\.c\b'; }

# Where members of structures lie, for the assembler files: Allegro's own program says it.
"${compile[@]}" -no-pie -o asmdef "$allegro/src/i386/asmdef.c"
./asmdef gen_asmdefs.inc >/dev/null

for file in $(list ALLEGRO_SRC_FILES) $(list ALLEGRO_SRC_LINUX_FILES) $(list ALLEGRO_SRC_UNIX_FILES) \
  src/i386/{icpu,icsprite,istretch}.c src/misc/{colconv,modexsms}.c; do
  [ "$file" != src/unix/umodules.c ] || continue
  "${compile[@]}" -DALLEGRO_SRC -c -o "$work/objects/$(basename "$file" .c).o" "$allegro/$file"
done
"${compile[@]}" -DALLEGRO_SRC -DALLEGRO_MODULE -c -o "$work/objects/modex.o" "$allegro/src/misc/modex.c"
"${compile[@]}" -c -o "$work/objects/linked-modules.o" "$here/linked-modules.c"
for file in "$allegro"/src/i386/*.s "$allegro"/src/misc/{modexgfx,icolconv}.s; do
  "${assemble[@]}" -c -o "$work/objects/$(basename "$file" .s)-assembled.o" "$file"
done
# The one routine that came after the last one in assembler.
for depth in 8 16 24 32; do
  "${compile[@]}" -DALLEGRO_SRC -c -o "$work/objects/cspr$depth.o" "$allegro/src/c/cspr$depth.c"
  objcopy --keep-global-symbol="_linear_draw_sprite_ex$depth" "$work/objects/cspr$depth.o"
done
ar rcD liballeg.a "$work"/objects/*.o

out=$work/overlay/allegro
mkdir -p "$out"
for program in "$allegro/examples/"{exscroll,exflip} "$allegro/tests/test" "$here/split"; do
  "${compile[@]}" -static -no-pie -s -Wl,--build-id=none -o "$out/$(basename "$program")" "$program.c" liballeg.a -lpthread -lm -lrt 2>link.log || {
    cat link.log >&2
    exit 1
  }
done
cp -R "$here/overlay/." "$work/overlay/"

pack "$work/overlay" "$target/allegro-i386.cpio.gz" "$out"/{exscroll,exflip,test,split,start}
echo "$target/allegro-i386.cpio.gz"
