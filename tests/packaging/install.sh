#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the packages in a fresh Debian and does with them what people do: from nothing to a picture over TLS with a
# key, an upgrade while a job waits, a downgrade, removing, purging. As root, with a network. Builds the packages
# twice, with two versions; takes some minutes for each release after that.
#
#   tests/packaging/install.sh [--from WHEELS] [RELEASE...]
#
# RELEASE: bookworm, trixie; both if none is given. WHEELS: a folder with libtorch's wheels for the CPU; without it
# "easel-server setup" fetches them.
set -euo pipefail
self=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$self")/../.."
here=tests/packaging
# shellcheck source=tests/packaging/tree.sh
. "$here/tree.sh"

wheels=
while [ $# -gt 0 ]; do
  case "$1" in
    --from) wheels=$(realpath "${2:?--from takes a folder}"); shift 2 ;;
    -*) sed -n '3,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    *) break ;;
  esac
done
releases=("${@:-bookworm}")
[ $# -gt 0 ] || releases=(bookworm trixie)

old=0.1.0~test1
new=0.1.0~test2
for version in "$old" "$new"; do
  [ -f "build/packages-$version/easel-server_${version}_amd64.deb" ] ||
    packaging/build-packages.sh --version "$version" --output "build/packages-$version" ||
    die "the packages could not be built"
done
apart "$self" ${wheels:+--from "$wheels"} "${releases[@]}"

port=5443
base=https://127.0.0.1:$port
server=

# ask PATH [CURL_OPTION...]: with the admin's key, trusting the server's own certificate alone
ask() {
  local path=$1
  shift
  curl -sS --fail-with-body --cacert "$tree/var/lib/easel/server/tls/certificate.pem" -H "Authorization: Bearer $key" "$@" "$base$path"
}

start() {
  coproc SERVICE { exec python3 "$here/service.py" "$tree" easel-server.service 2>&1; }
  server=$SERVICE_PID
  exec {output}<&"${SERVICE[0]}"
  local line
  while read -r line <&$output; do
    printf '    %s\n' "$line"
    [ "$line" != ready ] || break
  done
  [ "$line" = ready ] || die "the service did not start"
  for _ in $(seq 240); do
    curl -s -k -o /dev/null --fail "$base/readyz" && return
    sleep 0.5
  done
  die "the service is not ready to draw: $(curl -s -k "$base/readyz")"
}

stop() {
  kill "$server"
  wait "$server" || die "the service did not end in order"
  exec {output}<&-
}

# wait_for_job ID: until it has ended; says how
wait_for_job() {
  local state
  for _ in $(seq 240); do
    state=$(ask "/v1/jobs/$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])')
    case "$state" in queued | held | running) sleep 0.5 ;; *) break ;; esac
  done
  [ "$state" = succeeded ] || die "job $1 is $state"
}

for_servers=(easel-server easel-worker easel-starter-model)
for_laptops=(easel easel-machine)

# install_ours VERSION NAME... [-- OPTION...]
install_ours() {
  local version=$1 files=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    files+=("$(cd "$tree" && compgen -G "packages/$version/${1}_*.deb")")
    shift
  done
  install "$tree" "${files[@]/#//}" "${@:2}"
}

check() {
  local release=$1 began job
  tree=build/trees/$release
  rm -rf --one-file-system "$tree"
  make_tree "$release" "$tree"
  mkdir -p "$tree/packages/$old" "$tree/packages/$new"
  for version in "$old" "$new"; do cp "build/packages-$version"/*.deb "$tree/packages/$version/"; done
  # What a machine has anyway.
  install "$tree" ca-certificates curl systemd-sysv dbus-user-session libpam-systemd libnss-systemd >/dev/null
  what_is_there "$tree" >"build/trees/$release.before"

  say "$release: installing"
  # Fetched before the clock starts; what is measured is the rest.
  install_ours "$old" "${for_servers[@]}" -- --download-only >/dev/null
  began=$SECONDS
  install_ours "$old" "${for_servers[@]}" >"build/trees/$release.install.log" || die "see build/trees/$release.install.log"
  in_tree "$tree" easel-server --version
  [ "$(stat -c '%U:%G %a' "$tree/var/lib/easel" | sed 's/^[^ ]*/x/')" = 'x 750' ] || die "/var/lib/easel is not as it should be"

  say "$release: setup cpu"
  local fetch=$SECONDS from=()
  if [ -n "$wheels" ]; then
    show "$wheels" "$tree/packages/wheels"
    from=(--from /packages/wheels)
  fi
  in_tree "$tree" easel-server setup cpu "${from[@]}" >/dev/null
  fetch=$((SECONDS - fetch))

  say "$release: the first picture, over TLS, with a key"
  sed -i "s/^#port = .*/port = $port/; s/^#tls = .*/tls = true/; s/^#bind = .*/bind = \"0.0.0.0\"/" "$tree/etc/easel/server.toml"
  key=$(in_tree "$tree" easel-server keys create admin --scope admin --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["secret"])')
  start
  ask '/?prompt=fox' -o "build/trees/$release.png"
  is_picture "build/trees/$release.png"
  say "$release: $((SECONDS - began - fetch)) s from apt install to the first picture, and $fetch s for libtorch"
  curl -s -k -o /dev/null -w '%{http_code}' "$base/v1/jobs" | grep -q 401 || die "it lets people in without a key"

  say "$release: a device that is paired draws, too"
  local admin=$key
  key=$(pair "$base" "$tree/var/lib/easel/server/tls/certificate.pem" "$(in_tree "$tree" easel-server pair --address "$base" --json)")
  ask '/?prompt=fox' -o "build/trees/$release.png"
  is_picture "build/trees/$release.png"
  key=$admin

  say "$release: the desktop app"
  install_ours "$old" "${for_laptops[@]}" >>"build/trees/$release.install.log" || die "see build/trees/$release.install.log"
  in_tree "$tree" env QT_QPA_PLATFORM=offscreen easel --version

  say "$release: upgrading while a job waits"
  ask /v1/queue/pause -X POST >/dev/null
  job=$(ask /v1/jobs -H 'Content-Type: application/json' -d '{"prompt": "rocket"}' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
  stop
  install_ours "$new" "${for_servers[@]}" "${for_laptops[@]}" >"build/trees/$release.upgrade.log" || die "see build/trees/$release.upgrade.log"
  # shellcheck disable=SC2016
  in_tree "$tree" dpkg-query -W -f '${Version}\n' easel-server | grep -qx "$new" || die "it was not upgraded"
  grep -q "^port = $port" "$tree/etc/easel/server.toml" || die "the upgrade has changed the configuration"
  start
  ask /v1/queue/resume -X POST >/dev/null
  wait_for_job "$job"
  ask "/v1/jobs/$job/images/0" -o "build/trees/$release.png"
  is_picture "build/trees/$release.png"
  stop

  say "$release: downgrading"
  install_ours "$old" "${for_servers[@]}" "${for_laptops[@]}" -- --allow-downgrades >"build/trees/$release.downgrade.log" || die "see build/trees/$release.downgrade.log"
  start
  wait_for_job "$job"
  ask '/?prompt=fox' -o "build/trees/$release.png"
  is_picture "build/trees/$release.png"
  stop

  say "$release: removing"
  in_tree "$tree" apt-get -q -y remove "${for_servers[@]}" "${for_laptops[@]}" >"build/trees/$release.remove.log"
  [ -f "$tree/var/lib/easel/server/easel-server-id" ] || die "removing took the data"
  [ -f "$tree/etc/easel/server.toml" ] || die "removing took the configuration"
  [ ! -e "$tree/usr/bin/easel-server" ] || die "removing left the program"

  say "$release: purging"
  touch "$tree/var/lib/easel/mine"
  in_tree "$tree" dpkg --purge "${for_servers[@]}" "${for_laptops[@]}" >"build/trees/$release.purge.log" 2>&1
  [ -f "$tree/var/lib/easel/mine" ] || die "purging took what Easel did not make"
  [ "$(ls -A "$tree/var/lib/easel")" = mine ] || die "purging left: $(ls -A "$tree/var/lib/easel")"
  # Once more without it, for the rest.
  rm "$tree/var/lib/easel/mine"
  {
    install_ours "$old" "${for_servers[@]}"
    in_tree "$tree" apt-get -q -y purge "${for_servers[@]}"
    in_tree "$tree" apt-get -q -y --purge autoremove
  } >>"build/trees/$release.purge.log" || die "see build/trees/$release.purge.log"
  what_is_there "$tree" >"build/trees/$release.after"
  if ! diff "build/trees/$release.before" "build/trees/$release.after"; then
    die "purging has left or taken what is listed above"
  fi
  say "$release: installed, drew, was upgraded, downgraded, removed and purged without a trace"
  umount -R "$tree/proc" "$tree/dev" "$tree/run"
  [ -z "$wheels" ] || umount "$tree/packages/wheels"
  rm -rf --one-file-system "$tree"
}

trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
for release in "${releases[@]}"; do
  check "$release"
done
