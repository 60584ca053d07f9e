#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets (tests/fuzz) with libFuzzer and the sanitizers and runs them, one after the other,
# from the corpus in the tree and from what earlier runs have found (build/fuzz/corpus).
#
#   packaging/fuzz.sh [--runs N] [TARGET...]      default: a million inputs each, every target
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

runs=1000000
if [ "${1:-}" = --runs ]; then
  runs=${2:?--runs needs a number}
  shift 2
fi
install_packages "${packages_build[@]}" "${packages_desktop[@]}" "${packages_fuzz[@]}"
cmake --preset fuzz
cmake --build --preset fuzz
if [ $# -eq 0 ]; then
  mapfile -t targets < <(basename -a tests/fuzz/corpus/*)
  set -- "${targets[@]}"
fi
for target in "$@"; do
  say "Fuzzing $target"
  found=build/fuzz/corpus/$target
  mkdir -p "$found"
  build/fuzz/tests/fuzz/"fuzz_$target" -runs="$runs" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$found-" "$found" "tests/fuzz/corpus/$target"
done
