#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # what stands in single quotes is for the shells that are started
# Runs the tests of a finished release build in surroundings that a developer's machine does not have.
#
#   packaging/odd-surroundings.sh           all of them
#   packaging/odd-surroundings.sh NAME...   these: german turkish kathmandu read-only-home umask user
#                                           one-core many-threads offline path
#
# Each one's output is kept in build/odd. `path` builds a clone of the last commit, the others only run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

all=(german turkish kathmandu read-only-home umask user one-core many-threads offline path)
case "${1:-}" in -*) sed -n '4,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;; esac
[ -f build/release/CTestTestfile.cmake ] || die "there is no release build to test: run packaging/test.sh first"
install_packages "${packages_test[@]}" "${packages_odd[@]}"

scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
logs=$PWD/build/odd
mkdir -p "$logs"
torch=$(packaging/fetch-libtorch.sh)

# The repetitions for other processors and the look at the tree are the same in any surroundings.
suite() { ctest --test-dir build/release -j2 --output-on-failure -E '^test_tree$|_(default|avx2|compatible)$' "$@"; }

# apart UNSHARE_OPTION... COMMAND: in namespaces of its own, for which a user other than root needs to be mapped
apart() {
  local map=()
  [ "$(id -u)" -eq 0 ] || map=(--map-root-user)
  unshare "${map[@]}" "$@"
}

with_locale() {
  mkdir -p "$scratch/locales"
  localedef -i "$1" -f UTF-8 "$scratch/locales/$1.UTF-8"
  LOCPATH=$scratch/locales LANG=$1.UTF-8 LC_ALL=$1.UTF-8 suite
}

export scratch torch

german() { with_locale de_DE; }
turkish() { with_locale tr_TR; }
kathmandu() { TZ=Asia/Kathmandu suite; }
umask_077() { (umask 077 && suite); }
one_core() { taskset -c 0 bash -c 'suite -j1'; }
offline() { apart --net bash -c 'ip link set lo up && suite'; }

read_only_home() {
  mkdir -p "$scratch/home"
  apart --mount bash -c 'mount -t tmpfs -o ro none "$scratch/home" &&
    env -u XDG_DATA_HOME -u XDG_CONFIG_HOME -u XDG_CACHE_HOME -u XDG_STATE_HOME HOME="$scratch/home" \
      bash -c suite'
}

# CTest gives the numeric tests one thread, so they are run without it.
many_threads() {
  local name
  suite -j16
  for name in engine samplers schedules stages; do
    OMP_NUM_THREADS=16 "build/release/tests/server/diffusion/test_$name"
  done
}

# Root becomes nobody, in a view of the file system in which the tree and libtorch can be read whoever owns the
# folders above them.
user() {
  [ "$(id -u)" -eq 0 ] || { suite; return; }
  mkdir -p "$scratch"/{tree,torch,home,tmp}
  chown -R nobody: "$scratch"/{home,tmp}
  chmod 755 "$scratch"
  unshare --mount bash -euc '
    mount --bind "$PWD" "$scratch/tree" && mount --bind "$torch" "$scratch/torch"
    tree=$PWD
    mount -t tmpfs -o mode=755 none ~
    mkdir -p "$tree" "$torch"
    mountpoint -q "$tree" || mount --bind "$scratch/tree" "$tree"
    mount --bind "$scratch/torch" "$torch"
    mkdir -p "$tree/build/release/Testing"
    mount -t tmpfs -o mode=777 none "$tree/build/release/Testing"
    cd "$tree"
    exec env HOME="$scratch/home" TMPDIR="$scratch/tmp" setpriv --reuid nobody --regid nogroup --clear-groups \
      bash -c suite'
}

# Without an ampersand: CMake 3.25 does not quote it for its own tools.
path() {
  local clone="$scratch/Bilder für später/Äpfel und Öl"
  git clone -q . "$clone"
  cd "$clone"
  cmake --preset release -DEASEL_TESTS=ON "-DCMAKE_PREFIX_PATH=$torch"
  cmake --build --preset release
  suite
}

# Each of the surroundings is a shell of its own, so that it ends at its first failure; some start another.
mapfile -t functions < <(declare -F | cut -d" " -f3)
export -f "${functions[@]}"

failed=()
for name in "${@:-${all[@]}}"; do
  [[ " ${all[*]} " == *" $name "* ]] || die "no surroundings are called $name; there are: ${all[*]}"
  case "$name" in umask) command=umask_077 ;; *) command=${name//-/_} ;; esac
  printf '%-16s' "$name"
  if bash -c 'set -euo pipefail; "$0"' "$command" >"$logs/$name.log" 2>&1; then
    echo passed
  else
    echo "FAILED, see build/odd/$name.log"
    failed+=("$name")
  fi
done
[ ${#failed[@]} -eq 0 ] || die "not every test passes in: ${failed[*]}"
