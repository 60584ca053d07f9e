#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and runs every test, first as released and then, without
# the engine, under the address and undefined-behaviour sanitizers.
#
#   packaging/test.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

need_disk . 6000
install_packages "${packages_build[@]}" "${packages_desktop[@]}" "${packages_test[@]}"

say "Formatting"
git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-14 --dry-run --Werror

say "Getting libtorch"
torch=$(packaging/fetch-libtorch.sh cpu)

say "Building"
cmake --preset release -DCMAKE_PREFIX_PATH="$torch"
cmake --build --preset release

say "Testing"
ctest --preset release -j2

say "Building with sanitizers"
cmake --preset asan
cmake --build --preset asan

say "Testing with sanitizers"
ctest --preset asan -j2
