#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does what a container engine does with packaging/container/Containerfile.KIND, in a fresh tree of Debian 12: its steps
# one after the other, then its entry point as its user, with its environment; then asks after its health, lets a device
# in and draws a picture. As root, with a network; needs packages in build/packages (packaging/build-packages.sh).
#
#   tests/packaging/container.sh [--from WHEELS] [KIND]
#
# KIND: cpu (the default), cuda13 or cuda12. WHEELS: as in install.sh.
set -euo pipefail
self=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$self")/../.."
# shellcheck source=tests/packaging/tree.sh
. tests/packaging/tree.sh

wheels=
[ "${1:-}" != --from ] || { wheels=$(realpath "${2:?--from takes a folder}"); shift 2; }
kind=${1:-cpu}
file=packaging/container/Containerfile.$kind
[ -f "$file" ] || { sed -n '3,9s/^# \{0,1\}//p' "$self" >&2; exit 2; }
context=$(sed -n "s/^#   podman build .* //p" "$file")
compgen -G "$context/easel-server_*.deb" >/dev/null || die "there are no packages in $context: run what $file names"
apart "$self" ${wheels:+--from "$wheels"} "$kind"

tree=build/trees/container
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
user=root
folder=/
setup=
server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; }
trap finish EXIT

# inside COMMAND...: as the image would run it; with how=exec in place of this shell
inside() {
  # shellcheck disable=SC2016
  ${how:-} env -i "${environment[@]}" chroot --userspec="$user:$user" --groups= "$tree" \
    sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
}

# words JSON: the list as lines
words() { python3 -c 'import json, sys; print(*json.loads(sys.argv[1]), sep="\n")' "$1"; }

say "The steps of $file"
rm -rf --one-file-system "$tree"
make_tree bookworm "$tree"
if [ -n "$wheels" ]; then
  show "$wheels" "$tree/wheels"
  setup='--from /wheels'
fi
while read -r step rest; do
  case "$step" in
    '' | '#'* | ARG | EXPOSE | VOLUME) continue ;;
  esac
  printf '    %s %s\n' "$step" "$rest"
  case "$step" in
    FROM) [ "$rest" = debian:12-slim ] || die "this knows Debian 12 alone" ;;
    COPY)
      mkdir -p "$tree/${rest##* }"
      for pattern in ${rest% *}; do
        # shellcheck disable=SC2086
        cp "$context"/$pattern "$tree/${rest##* }"
      done
      ;;
    RUN) in_tree "$tree" env SETUP="$setup" sh -c "$rest" >build/trees/container.log 2>&1 || die "see build/trees/container.log" ;;
    ENV) environment+=("$rest") ;;
    USER) user=$rest ;;
    WORKDIR) folder=$rest ;;
    HEALTHCHECK) mapfile -t health < <(words "${rest#*CMD }") ;;
    ENTRYPOINT) mapfile -t entry < <(words "$rest") ;;
    *) die "$file has a step that this does not know: $step" ;;
  esac
done <"$file"

say "Starting it as $user"
port=5480
environment+=("EASEL_PORT=$port")
how="exec" inside "${entry[@]}" >build/trees/container.server.log 2>&1 &
server=$!
for _ in $(seq 240); do
  kill -0 "$server" 2>/dev/null || { cat build/trees/container.server.log; die "the server has ended"; }
  curl -s -k --fail -o /dev/null "https://127.0.0.1:$port/readyz" && break
  sleep 0.5
done
curl -s -k --fail -o /dev/null "https://127.0.0.1:$port/readyz" || die "it is not ready to draw: $(curl -s -k "https://127.0.0.1:$port/readyz")"
inside "${health[@]}" || die "it is not healthy"
[ "$(curl -s -k -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/v1/jobs")" = 401 ] || die "it lets people in without a key"

say "Letting a device in, and drawing"
certificate=$tree/var/lib/easel/server/tls/certificate.pem
key=$(pair "https://127.0.0.1:$port" "$certificate" "$(inside easel-server pair --address "https://127.0.0.1:$port" --json)")
curl -sS --fail --cacert "$certificate" -H "Authorization: Bearer $key" -o build/trees/container.png "https://127.0.0.1:$port/?prompt=fox"
is_picture build/trees/container.png

say "Stopping it"
kill "$server"
wait "$server" || die "it did not end in order"
server=
inside "${health[@]}" && die "it says that it is healthy after its end"
rm -rf --one-file-system "$tree/var/lib/easel"
umount -R "$tree/proc" "$tree/dev" "$tree/run"
[ -z "$wheels" ] || umount "$tree/wheels"
say "The image's steps make a server that draws: $(du -sxh "$tree" | cut -f1)"
rm -rf --one-file-system "$tree"
