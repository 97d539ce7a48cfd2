# Functions of the scripts that create a Debian in a cache folder. The caller sets `cache` and defines `skip`.
# shellcheck shell=sh

# The first archive among the apt sources that is Debian's own, by the last part of its address.
find_mirror() {
  if command -v apt-get > /dev/null; then
    # shellcheck disable=SC2016 # a format of apt, not of the shell
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 -E '/debian/?$' || true
  fi
}

# Downloads a Debian package and unpacks it into a folder of the cache, without installing it on the machine.
unpack_package() {
  mkdir -p "$cache/download"
  (cd "$cache/download" && { apt-get download "$1" || { apt-get update && apt-get download "$1"; }; }) \
    >> "$cache/log" 2>&1 || skip "$1 is neither installed nor available from apt, see $cache/log"
  dpkg-deb -x "$cache/download/$1"_*.deb "$cache/$1"
  rm -r "$cache/download"
}

# Sets `debootstrap`. It is a shell script: unpacked in the cache it works as well as installed.
find_debootstrap() {
  if command -v debootstrap > /dev/null; then
    debootstrap=debootstrap
    return
  fi
  DEBOOTSTRAP_DIR=$cache/debootstrap/usr/share/debootstrap
  debootstrap=$cache/debootstrap/usr/sbin/debootstrap
  export DEBOOTSTRAP_DIR
  [ -f "$debootstrap" ] || unpack_package debootstrap
}

# A copy of the project, so that tests cannot write into the work tree, and a change meanwhile has no effect on the run.
copy_sources() {
  mkdir -p "$1"
  find "$1" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf --one-file-system {} +
  # `safe.directory`: root may not own the work tree. A file deleted but not yet committed is listed, hence the test.
  git -C "$project" -c safe.directory="$project" ls-files -z --cached --others --exclude-standard |
    (cd "$project" && xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh) |
    tar -C "$project" --null --files-from=- -c | tar -C "$1" -x --no-same-owner
}
