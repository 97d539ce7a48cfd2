#!/bin/sh
# Runs the tests on CPython 3.14 and later, in a small Debian of its own.
#
#     npm run test:newer-python                    all tests
#     npm run test:newer-python -- test/cpython     what vitest is to run
#
# A libpython from a newer Debian does not load into the C library of an older system, and node loads libpython into its
# own process. So node goes to where the new C library is: the script makes a minimal Debian sid in a cache folder (once,
# about 1 GB), copies node and the project into it, and runs vitest there by chroot, once per CPython.
#
# Needs Linux, root, apt and a Debian mirror, which is taken from the apt sources of the machine. Where one of them is
# missing it says so and succeeds, having skipped.
#
#     FIDIUS_NEWER_PYTHON_DIR      the cache folder, otherwise fidius-newer-python in the user's cache folder;
#                                  remove it to start afresh, nothing else is left on the machine
#     FIDIUS_NEWER_PYTHON_SUITE    the Debian to take, otherwise sid
#     FIDIUS_NEWER_PYTHON_MIRROR   the Debian mirror, where the apt sources name none
#     FIDIUS_REQUIRE=1             skipping is a failure
set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
cache=${FIDIUS_NEWER_PYTHON_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/fidius-newer-python}
suite=${FIDIUS_NEWER_PYTHON_SUITE:-sid}
root=$cache/$suite-2 # the number grows with the list of what is installed: then the root is made anew
oldest_installed=13 # a neighbour, for tests that want two different Pythons
oldest_tested=14
# shellcheck source=scripts/debian.sh
. "$project/scripts/debian.sh"

skip() {
  echo "Newer Pythons are not tested: $1"
  echo '0 passed, 0 failed, 1 skipped'
  [ "${FIDIUS_REQUIRE:-}" != 1 ] || exit 1
  exit 0
}

# Everything happens in mount and process namespaces of its own: whatever way the script ends, no mount and no process
# outlives it, and there is nothing to clean up.
if [ "${FIDIUS_NEWER_PYTHON_INSIDE:-}" != 1 ]; then
  [ "$(uname -s)" = Linux ] || skip "it takes Linux, this is $(uname -s)"
  [ "$(id -u)" = 0 ] || skip 'it takes root, to enter another system by chroot'
  for tool in unshare chroot flock tar dpkg-deb; do
    command -v "$tool" > /dev/null || skip "there is no $tool"
  done
  unshare --mount --pid --fork true 2> /dev/null || skip 'mount namespaces are not allowed here'
  FIDIUS_NEWER_PYTHON_INSIDE=1 exec unshare --mount --pid --fork --kill-child sh "$0" "$@"
fi
# As the first process of its namespace the shell would ignore signals that it has no handler for.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

in_root() {
  # Nothing of the caller's environment: it names Pythons, homes and settings that are not there.
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

# ---- the Debian -----------------------------------------------------------------------------------------------------

make_root() {
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keys" ] || skip "there is no $keys to check Debian's signatures with"
  mirror=${FIDIUS_NEWER_PYTHON_MIRROR:-$(find_mirror)}
  [ -n "$mirror" ] || skip 'the apt sources name no Debian mirror, and FIDIUS_NEWER_PYTHON_MIRROR is not set'
  find_debootstrap
  echo "Making Debian $suite in $root (once)"
  # The root appears under its name only when it is complete; what an interrupted run left is made anew.
  complete=$root
  root=$complete.incomplete
  rm -rf --one-file-system "$root"
  # The recipe is named, because a debootstrap does not know the names of Debians younger than itself.
  sh "$(command -v "$debootstrap")" --variant=minbase --keyring="$keys" "$suite" "$root" "$mirror" \
    "${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts/sid" >> "$cache/log" 2>&1 ||
    skip "debootstrap failed, see $cache/log"
  mount -t proc proc "$root/proc"
  install_pythons >> "$cache/log" 2>&1 || skip "no newer Python could be installed, see $cache/log"
  umount "$root/proc"
  mv "$root" "$complete"
  root=$complete
}

# Every libpython of the archive with its interpreter, and numpy where there is a wheel for it.
install_pythons() {
  apt-config dump | grep -E '^Acquire::https?::' > "$root/etc/apt/apt.conf.d/90machine" || true
  # A mirror that is a snapshot of the past still signs what it has.
  apt_get='apt-get -o Acquire::Check-Valid-Until=false -o APT::Install-Recommends=false'
  in_root $apt_get update || return 1
  packages=$(in_root apt-cache --names-only search '^libpython3\.[0-9]+$' | sed 's/^lib\(python3\.\([0-9]*\)\) .*/\2 lib\1 \1 \1-venv/' |
    awk -v oldest=$oldest_installed '$1 >= oldest { print $2, $3, $4 }')
  # shellcheck disable=SC2086 # a list
  in_root $apt_get install -y ca-certificates python3-pip $packages || return 1
  # The machine may trust more than Debian does, a company's proxy for one.
  [ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  for python in $(pythons); do
    in_root "$python" -m venv /tmp/pip
    in_root /tmp/pip/bin/pip install --no-cache-dir --only-binary :all: --root-user-action ignore \
      --target "/usr/local/lib/${python##*/}/dist-packages" numpy || true
    rm -r "$root/tmp/pip"
  done
}

pythons() {
  ls "$root/usr/bin" | sed -n 's/^python3\.\([0-9]*\)$/\1/p' | sort -n |
    awk -v oldest=$oldest_tested '$1 >= oldest { print "/usr/bin/python3." $1 }'
}

# ---- what goes into it ----------------------------------------------------------------------------------------------

copy_node() {
  cp "$(node -p process.execPath)" "$root/usr/local/bin/node"
  in_root node --version >> "$cache/log" 2>&1 && return
  # A node that is linked against the machine's libraries; the npm package has one that stands alone.
  version=$(node -p process.versions.node)
  package=node-linux-$(node -p process.arch)
  (cd "$cache" && npm pack --silent "$package@$version" && tar -xzf "$package-$version.tgz" package/bin/node) >> "$cache/log" 2>&1 ||
    skip "this node does not run there, and $package@$version could not be had, see $cache/log"
  mv "$cache/package/bin/node" "$root/usr/local/bin/node"
  rm -r "$cache/package" "$cache/$package-$version.tgz"
}

copy_project() {
  copy=$root/srv/fidius
  copy_sources "$copy"
  lock=node_modules/.package-lock.json
  if ! cmp -s "$project/$lock" "$copy/$lock"; then
    rm -rf --one-file-system "$copy/node_modules"
    cp -a "$project/node_modules" "$copy/"
  fi
}

# ---- the run --------------------------------------------------------------------------------------------------------

mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9 # a second run waits
: > "$cache/log"
[ -d "$root" ] || make_root
[ -n "$(pythons)" ] || skip "Debian $suite has no CPython 3.$oldest_tested or later"
copy_node
copy_project
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/tmp"

: > "$cache/counts"
for python in $(pythons); do
  ln -sf "${python##*/}" "$root/usr/bin/python3"
  numpy=$(in_root "$python" -c 'import numpy; print("numpy", numpy.__version__)' 2> /dev/null || echo 'no numpy')
  echo
  echo "== $(in_root "$python" --version), $numpy, Debian $suite, node $(in_root node --version)"
  {
    in_root TEST_PYTHON="$python" FIDIUS_PYTHON="$python" NO_COLOR=1 \
      sh -c 'cd /srv/fidius && exec node node_modules/vitest/vitest.mjs run "$@"' sh "$@" 2>&1 || echo "vitest ended with $?"
  } | tee "$cache/output"
  # A run that broke off has no closing line, and one may fail outside of its tests: both count as a failure.
  awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed = $1; failed = $3; skipped = $5; closed = 1 }
    /^vitest ended with / { ended = 1 }
    END { print passed + 0, failed + ((!closed || ended) && failed == 0), skipped + 0 }' "$cache/output" >> "$cache/counts"
done

echo
echo "Ran on:" $(pythons)
awk '{ passed += $1; failed += $2; skipped += $3 }
  END { print passed " passed, " failed " failed, " skipped " skipped"; exit failed > 0 }' "$cache/counts"
