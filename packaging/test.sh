#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and runs every test.
#
#   packaging/test.sh               the release build
#   packaging/test.sh --sanitize    then again, without the engine, under the address and
#                                   undefined-behaviour sanitizers
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

sanitize=
case "${1:-}" in
  '') ;;
  --sanitize) sanitize=yes ;;
  *) sed -n '3,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac

# build_and_test PRESET [CMAKE_OPTION...]
build_and_test() {
  local preset=$1
  shift
  say "Building ($preset)"
  cmake --preset "$preset" -DEASEL_TESTS=ON "$@" # quickstart.sh leaves them out
  cmake --build --preset "$preset"
  say "Testing ($preset)"
  ctest --preset "$preset" -j2
}

need_disk . 6000
install_packages "${packages_build[@]}" "${packages_desktop[@]}" "${packages_test[@]}"

say "Checking the formatting"
git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-14 --dry-run --Werror

say "Getting libtorch"
torch=$(packaging/fetch-libtorch.sh)

build_and_test release "-DCMAKE_PREFIX_PATH=$torch"
[ -z "$sanitize" ] || build_and_test asan
