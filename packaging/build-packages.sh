#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian packages, one set for Debian 12, Debian 13 and Ubuntu 24.04, into build/packages: easel-server,
# easel-worker, easel-starter-model and easel (the desktop app). Must run on Debian 12, whose libraries are the oldest
# of the three. Ends with an error when lintian or check-sonames.py find one.
#
#   packaging/build-packages.sh [--version VERSION]      default: the project's version
#
# DEBFULLNAME and DEBEMAIL name who has built them. A second call builds what has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

usage() { sed -n '3,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
version=$(sed -n 's/^project(easel VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
while [ $# -gt 0 ]; do
  case "$1" in
    --version) version=${2:-}; shift 2 || { usage; exit 2; } ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
dpkg --validate-version "$version" || die "$version is no version of a Debian package"
grep -q 'VERSION_ID="12"' /etc/os-release || die "this is not Debian 12: packages built here would not run there"

need_disk . 4000
install_packages "${packages_build[@]}" "${packages_desktop[@]}" "${packages_packaging[@]}"
say "Getting libtorch"
EASEL_LIBTORCH=$(packaging/fetch-libtorch.sh cpu)

export EASEL_LIBTORCH EASEL_SOURCE=$PWD EASEL_BUILD=$PWD/build/portable
export EASEL_CCACHE=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

say "Building the packages of $version"
work=build/packages/work
rm -rf "$work"
mkdir -p "$work/easel-$version"
cp -R packaging/debian "$work/easel-$version/debian"
maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
cat >"$work/easel-$version/debian/changelog" <<END
easel ($version) stable; urgency=medium

  * What is new stands in CHANGELOG.md, which is installed beside this file.

 -- ${DEBFULLNAME:-${maintainer% <*}} <${DEBEMAIL:-$(sed 's/.*<\(.*\)>/\1/' <<<"$maintainer")}>  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END
(cd "$work/easel-$version" && dpkg-buildpackage --build=binary --no-sign) || die "the lines above say why"

say "Checking the packages"
packaging/check-sonames.py "$work"/*.deb
lintian --fail-on error --tag-display-limit 0 "$work"/*.changes
rm -f build/packages/*.deb
mv "$work"/*.deb build/packages/
rm -rf "$work"
say "Built:"
ls -l build/packages/*.deb
