#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over the files named, or over all that are not generated. Needs a release build, whose
# compile commands it follows.
#
#   packaging/tidy.sh [FILE.cpp...]
#
# Not Debian 12's clang-tidy 14: that one checks every header of Qt and torch with each file, which takes
# three times as long, and stumbles over the precompiled ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

pin='clang-tidy==23.1.4 --hash=sha256:6bb31e4f319ecbe14acb75f23c3050d0f1d4b1d92ea1c66091bc76e4eac2c1ac'
tool=${EASEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/easel}/clang-tidy-23.1.4

[ -f build/release/compile_commands.json ] || die "build first: cmake --preset release, then cmake --build --preset release"
if [ ! -d "$tool" ]; then
  say "Getting clang-tidy"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  printf '%s\n' "$pin" >"$work/pin"
  pip3 install --disable-pip-version-check --root-user-action=ignore -q --no-deps --require-hashes --target "$work/tool" -r "$work/pin"
  mkdir -p "$(dirname "$tool")"
  mv "$work/tool" "$tool"
fi
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files '*.cpp')
  set -- "${files[@]}"
fi
say "Checking $# files"
# As without precompiled headers: theirs are of more modules than a folder of the desktop sees.
mkdir -p build/tidy
sed -E 's/-include [^ ]*cmake_pch\.hxx//; s/-Winvalid-pch//; s/-fopenmp//' build/release/compile_commands.json >build/tidy/compile_commands.json
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" "$tool"/clang_tidy/data/bin/clang-tidy -p build/tidy --quiet
