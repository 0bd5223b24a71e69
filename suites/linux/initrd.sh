# Sourced by scripts that put an archive of their own behind the guest initrd-busybox-i386.gz. They set
# `target`, the folder that they build into, and `initrd`, where the guest is.
base=initrd-busybox-i386.gz
cache=${TSVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvm-test}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# lack WHAT: this computer lacks something; exit code 2.
lack() {
  echo "$(basename "$0"): $*" >&2
  exit 2
}

# Says where the guest is.
find_base() {
  local folder folders
  IFS=: read -ra folders <<<"${TSVM_GUESTS:-}"
  for folder in "${folders[@]}" "$target" "$cache/guests" "$(dirname "${BASH_SOURCE[0]}")/../../../shared/guests"; do
    if [ -f "$folder/$base" ]; then
      echo "$folder/$base"
      return
    fi
  done
  lack "the guest $base is absent; see: npx tsvm-test guests"
}

# prepare_apt OPTION...: `apt` runs apt-get with lists of packages of our own, so that those of this computer stay as they are.
apt=()
prepare_apt() {
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/fetched"
  : >"$work/status"
  apt=(apt-get -qq -o APT::Sandbox::User= -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache="$work" -o Dir::Cache::Archives=archives
    -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o Acquire::Retries=1 "$@")
}

# pack FOLDER FILE PROGRAM...: the guest with what is in a folder behind it, PROGRAM among that the files to be run. Equal bytes wherever and
# whenever it is built: names in order, times, owners, permissions and numbers of our own.
pack() {
  local folder=$1 file=$2
  shift 2
  find "$folder" -type f -exec chmod 644 {} + -o -type d -exec chmod 755 {} +
  chmod 755 "$@"
  find "$folder" -exec touch -h -d @0 {} +
  mkdir -p "$(dirname "$file")"
  {
    cat "$initrd"
    (cd "$folder" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) | gzip -n9
  } >"$work/initrd"
  mv "$work/initrd" "$file"
}
