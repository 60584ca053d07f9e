#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an image is made of, in a fresh Debian 12 or 13: the packages that lie beside this script, and libtorch.
#
#   install.sh cpu|cuda [SETUP_OPTION...]     the options are those of "easel-server setup"
#
# libtorch becomes part of the image, apart from the state, which is a volume and may be another one tomorrow.
set -eu
here=$(dirname "$0")
kind=${1:?cpu or cuda}
shift
export DEBIAN_FRONTEND=noninteractive

apt-get -q update
# The small sysusers, since no systemd will run here; curl asks after the server's health.
apt-get -q -y install --no-install-recommends ca-certificates curl systemd-standalone-sysusers \
  "$here"/easel-server_*.deb "$here"/easel-worker_*.deb "$here"/easel-starter-model_*.deb
rm -rf /var/lib/apt/lists/*

easel-server setup "$kind" --into /usr/lib/easel "$@"
rm /usr/lib/easel/.lock
# Under a name that the image's environment can say.
mv /usr/lib/easel/* /usr/lib/easel/libtorch
[ -f /usr/lib/easel/libtorch/complete ]

install -m 755 "$here/start.sh" /usr/libexec/easel/start
install -m 755 "$here/health.sh" /usr/libexec/easel/health
install -d -o easel -g easel -m 700 /var/lib/easel/server
