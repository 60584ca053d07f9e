#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone on Debian 12 to a picture: installs what is missing, builds, starts the server on
# loopback, asks it for a picture over HTTP, saves it, and opens the desktop app if there is a display.
#
#   packaging/quickstart.sh ["a prompt"]
#
# EASEL_PORT (5000) and EASEL_OUTPUT (./easel-picture.png) may be set.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
start_folder=$PWD
cd "$top"
# shellcheck source=packaging/packages.sh
. packaging/packages.sh

case "${1:-}" in
  -h | --help) sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac
prompt=${1:-fox on a blue background}
port=${EASEL_PORT:-5000}
output=${EASEL_OUTPUT:-$start_folder/easel-picture.png}
began=$SECONDS

need_disk "$top" 1500
install_packages "${packages_build[@]}" "${packages_desktop[@]}" curl

say "Getting libtorch"
torch=$(packaging/fetch-libtorch.sh)

say "Building (the first time takes some minutes)"
cmake --preset release -DCMAKE_PREFIX_PATH="$torch" -DEASEL_TESTS=OFF >build-configure.log 2>&1 ||
  { cat build-configure.log; rm -f build-configure.log; die "configuring failed; the lines above say why"; }
rm -f build-configure.log
cmake --build --preset release || die "the build failed; the lines above say why"

say "Starting the server on 127.0.0.1:$port"
state=$(mktemp -d)
server_pid=
finish() {
  if [ -n "$server_pid" ]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$state"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
build/release/server/commands/easel-server serve --port "$port" --data "$state/data" >"$state/log" 2>&1 &
server_pid=$!
url=http://127.0.0.1:$port
for _ in $(seq 1 240); do
  kill -0 "$server_pid" 2>/dev/null || { cat "$state/log" >&2; die "the server did not start; if the port is taken, set EASEL_PORT to another"; }
  curl -fs -o /dev/null "$url/readyz" && break
  sleep 0.5
done
curl -fs -o /dev/null "$url/readyz" || { cat "$state/log" >&2; die "the server has not become ready in two minutes"; }

say "Drawing: $prompt"
status=$(curl -sS -G "$url/" --data-urlencode "prompt=$prompt" -o "$state/picture" -w '%{http_code}') ||
  die "the server did not answer"
[ "$status" = 200 ] || { cat "$state/picture" >&2; die "the server answered $status"; }
mv "$state/picture" "$output" || die "$output could not be written"
say "Saved $output after $((SECONDS - began)) s"

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "Opening the desktop app; the server stops when you close it"
  build/release/desktop/easel --server "$url"
else
  say "No display here: start build/release/desktop/easel on a machine that has one, or open $url in a browser while 'easel-server serve' runs"
fi
