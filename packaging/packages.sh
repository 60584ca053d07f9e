# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# The Debian 12 packages that Easel needs, and how a script installs what is missing. Sourced.

packages_build=(g++ cmake ninja-build pkg-config ccache git python3 python3-pip ca-certificates
  libboost1.81-dev libssl-dev nlohmann-json3-dev libexpected-dev libcli11-dev libspdlog-dev libfmt-dev
  libutf8proc-dev libqrencode-dev libsystemd-dev libtomlplusplus-dev libsqlitecpp-dev
  libsqlite3-dev libspng-dev libturbojpeg0-dev libwebp-dev libexif-dev libcurl4-openssl-dev libarchive-dev libgomp1)
packages_desktop=(qt6-base-dev qt6-svg-dev qt6-qpa-plugins qtkeychain-qt6-dev libgl-dev zlib1g-dev)
packages_fuzz=(clang-16 libclang-rt-16-dev)
packages_test=(clang-format-14 dbus-daemon libbenchmark-dev locales openssl shellcheck)
packages_packaging=(debhelper dpkg-dev lintian help2man)
packages_odd=(tzdata util-linux iproute2)

say() { printf '\n==> %s\n' "$*"; }
die() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# install_packages NAME...: installs those that are missing; quick and silent when none is.
install_packages() {
  local name missing=()
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing and this is not root: ${missing[*]}"
    root=(sudo)
  fi
  command -v apt-get >/dev/null || die "this needs Debian 12; elsewhere install by hand: ${missing[*]}"
  say "Installing from Debian: ${missing[*]}"
  "${root[@]}" apt-get update -q || die "the package lists could not be fetched: check the network"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
    die "a package could not be installed; the lines above say why"
}

# need_disk FOLDER MEGABYTES
need_disk() {
  local free
  free=$(df -Pm "$1" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$2" ] || die "$1 has $free MB free, $2 MB are needed: free some and run this again"
}
