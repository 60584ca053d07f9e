#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian packages, one set for Debian 12, Debian 13 and Ubuntu 24.04, into build/packages: easel-server,
# easel-worker, easel-starter-model, easel (the desktop app) and easel-machine (the first three as files, for machines
# that the app makes elsewhere). Must run on Debian 12, whose libraries are the oldest of the three. Ends with an error
# when lintian or check-sonames.py find one.
#
#   packaging/build-packages.sh [--cuda12] [--version VERSION] [--output FOLDER]
#
# --cuda12: for NVIDIA's drivers from 525 on that do not know CUDA 13 yet; the version then ends in +cuda12.
# The other defaults are the project's version and build/packages. DEBFULLNAME and DEBEMAIL name who has built them.
# A second call builds what has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

usage() { sed -n '3,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
cuda=13
output=build/packages
version=$(sed -n 's/^project(easel VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
while [ $# -gt 0 ]; do
  case "$1" in
    --cuda12) cuda=12; shift ;;
    --version) version=${2:?--version takes a version}; shift 2 ;;
    --output) output=${2:?--output takes a folder}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
libtorch=cpu
EASEL_BUILD=$PWD/build/portable
if [ "$cuda" = 12 ]; then
  version+=+cuda12
  libtorch=cuda12-cpu
  EASEL_BUILD+=-cuda12
fi
dpkg --validate-version "$version" || die "$version is no version of a Debian package"
grep -q 'VERSION_ID="12"' /etc/os-release || die "this is not Debian 12: packages built here would not run there"

need_disk . 4000
install_packages "${packages_build[@]}" "${packages_desktop[@]}" "${packages_packaging[@]}"
say "Getting libtorch"
EASEL_LIBTORCH=$(packaging/fetch-libtorch.sh $libtorch)

export EASEL_LIBTORCH EASEL_BUILD EASEL_SOURCE=$PWD EASEL_CUDA=$cuda
export EASEL_CCACHE=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

say "Building the packages of $version"
work=$EASEL_BUILD/packages
rm -rf "$work"
mkdir -p "$work/easel-$version"
cp -R packaging/debian "$work/easel-$version/debian"
maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
cat >"$work/easel-$version/debian/changelog" <<END
easel ($version) stable; urgency=medium

  * What is new stands in CHANGELOG.md, which is installed beside this file.

 -- ${DEBFULLNAME:-${maintainer% <*}} <${DEBEMAIL:-$(grep -oE '[^<]+@[^>]+' <<<"$maintainer")}>  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END
(cd "$work/easel-$version" && dpkg-buildpackage --build=binary --no-sign) || die "the lines above say why"

say "Checking the packages"
packaging/check-sonames.py "$work"/*.deb
lintian --fail-on error --tag-display-limit 0 "$work"/*.changes
mkdir -p "$output"
rm -f "$output"/easel*.deb
mv "$work"/*.deb "$output/"
# So that the folder is all that packaging/container/Containerfile.* need.
cp packaging/container/*.sh "$output/"
rm -rf "$work"
say "Built:"
ls -l "$output"/*.deb
