#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks libtorch from its pinned, hash-checked wheels and prints the folder to pass as
# CMAKE_PREFIX_PATH. The second call finds it and is quick.
#
#   packaging/fetch-libtorch.sh [KIND]
#
# KIND: cpu, cuda, cuda12 or cuda12-cpu; the default is cuda where there is an NVIDIA driver for it, else cpu.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cuda_driver=580 # the first that runs CUDA 13, which libtorch-cuda.txt brings

die() { printf 'fetch-libtorch: %s\n' "$*" >&2; exit 1; }

kind=${1:-}
if [ -z "$kind" ]; then
  kind=cpu
  driver=$(grep -oE -m1 '[0-9]{3}\.[0-9.]+' /proc/driver/nvidia/version 2>/dev/null || true)
  if [ -n "$driver" ] && [ "${driver%%.*}" -lt "$cuda_driver" ]; then
    printf 'The NVIDIA driver is %s, and CUDA 13 needs %s or newer: taking libtorch for the CPU. Run this again when the driver is new\n' \
      "$driver" "$cuda_driver" >&2
  elif [ -e /dev/nvidiactl ]; then
    kind=cuda
  fi
fi
list=$here/libtorch-$kind.txt
[ -f "$list" ] || die "unknown kind '$kind': say cpu, cuda, cuda12 or cuda12-cpu"
[ "$(uname -m)" = x86_64 ] || die "the pinned wheels are for x86-64; pass another libtorch through CMAKE_PREFIX_PATH"

# Named by the list's content, so that a new pin never meets an old folder.
cache=${EASEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/easel}
home=$cache/libtorch-$kind-$(sha256sum "$list" | cut -c1-12)
if [ ! -f "$home/complete" ]; then
  mkdir -p "$cache"
  need_mb=2200; case "$kind" in cuda | cuda12) need_mb=11000 ;; esac
  free_mb=$(df -Pm "$cache" | awk 'NR == 2 {print $4}')
  [ "$free_mb" -ge "$need_mb" ] || die "$cache has $free_mb MB free, $need_mb MB are needed; free some or set EASEL_CACHE to another disk"
  command -v pip3 >/dev/null || die "pip3 is missing: apt-get install python3-pip"
  # One process unpacks at a time; whoever waited finds the work done.
  exec 9>"$cache/lock"
  flock 9
fi
if [ ! -f "$home/complete" ]; then
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  printf 'Fetching libtorch (%s)\n' "$kind" >&2
  pip3 download --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none --abi abi3 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_18_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux_2_12_x86_64 --platform manylinux_2_5_x86_64 \
    --platform manylinux2014_x86_64 --platform manylinux2010_x86_64 --platform manylinux1_x86_64 \
    --dest "$work/wheels" --requirement "$list" >&2 ||
    die "the download failed: check the network, then run this again"
  printf 'Unpacking libtorch\n' >&2
  rm -rf "$home"
  mkdir -p "$work/site"
  for wheel in "$work"/wheels/*.whl; do
    # The Python half of the wheel is not needed.
    python3 - "$wheel" "$work/site" <<'PY'
import sys, zipfile
wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    wanted = [n for n in z.namelist()
              if n.startswith(("torch/lib/", "torch/include/", "torch/share/", "nvidia/")) and not n.endswith(".py")]
    z.extractall(target, wanted)
PY
    rm "$wheel"
  done
  mv "$work/site" "$home"
  : >"$home/complete"
fi
printf '%s/torch\n' "$home"
