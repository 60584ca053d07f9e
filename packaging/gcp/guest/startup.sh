#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# On the machine, as root, at every start: brings it from Ubuntu to a server that draws, and does nothing twice.
#
# How far it is stands in the guest attribute easel/stage, as "BEGAN|STAGE|STATE|DETAIL", where easel-gcp reads it:
# no port has to be open for that. What it is to do stands in the metadata, as easel-model, easel-idle and so on.
set -euo pipefail
shopt -s inherit_errexit

metadata=http://metadata.google.internal/computeMetadata/v1
home=/var/lib/easel-guest  # what this script keeps
state=/var/lib/easel       # the server's, made by its package
driver_branch=580          # the first that runs CUDA 13, which the pinned libtorch is built for
began=$(date +%s)
export DEBIAN_FRONTEND=noninteractive
mkdir -p "$home"

meta() { curl -sf --retry 5 --retry-connrefused -H 'Metadata-Flavor: Google' "$metadata/$1" || true; }
attribute() { meta "instance/attributes/easel-$1"; }
publish() { curl -sf --retry 5 -X PUT -H 'Metadata-Flavor: Google' --data "$2" "$metadata/instance/guest-attributes/easel/$1" >/dev/null || true; }

stage() {
  current=$1
  echo "easel: $1 $2 ${3:-}"
  publish stage "$began|$1|$2|${3:-}"
}
current=driver

# die DETAIL: this stage failed; the end of what it printed goes along.
die() {
  # In a function whose output is captured it ends only that; what ends the rest then has nothing to add.
  [ ! -e "$home/died" ] || exit 1
  : >"$home/died"
  publish log "$(tail -n 25 "$home/log" | tail -c 6000 | base64 -w 0)"
  stage "$current" failed "$(printf '%s' "$1" | tr '\n|' ' /' | cut -c 1-900)"
  trap - EXIT
  exit 1
}

# run COMMAND...: with what it prints in the log.
run() { "$@" >>"$home/log" 2>&1; }

apt() { run apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold "$@"; }

# The machine may have been stopped in the middle of an installation.
mend_dpkg() { run dpkg --configure -a || true; }

# One reboot at most for each reason, or a machine that cannot be helped would go round for ever.
reboot_once() {
  [ ! -e "$home/rebooted-for-$1" ] || return 0
  : >"$home/rebooted-for-$1"
  stage "$current" running 'restarting for a newer kernel'
  trap - EXIT
  systemctl reboot
  exit 0
}

# Canonical builds and signs the open kernel modules for each of its kernels, so Secure Boot stays on and nothing is
# compiled. There is one package for each flavour of the kernel; which one is here, the image's package tells.
install_driver() {
  stage driver running
  if run nvidia-smi; then return 0; fi
  local flavour
  flavour=$(dpkg-query -W -f '${Package}\n' 'linux-image-gcp*' 2>/dev/null | sed -n 's/^linux-image-//p' | sort | tail -n 1)
  [ -n "$flavour" ] || die "This is not an Ubuntu image with Google's kernel: no linux-image-gcp is installed."
  stage driver running 'installing the signed kernel modules'
  mend_dpkg
  apt update || die 'The package lists of Ubuntu could not be fetched: has the machine a way out?'
  apt install --no-install-recommends "linux-modules-nvidia-$driver_branch-server-open-$flavour" \
    "nvidia-utils-$driver_branch-server" "libnvidia-compute-$driver_branch-server" "nvidia-kernel-common-$driver_branch-server" ||
    die "The driver's packages for linux-image-$flavour could not be installed."
  run modprobe nvidia || reboot_once driver
  run modprobe nvidia-uvm || true
  run nvidia-smi || die "The NVIDIA driver is installed, but it does not see the GPU."
}

# Packages come from the laptop, which copies them to $home/packages, or from a bucket.
install_packages() {
  stage package running
  local bucket digest have
  bucket=$(attribute packages)
  [ -z "$bucket" ] || fetch_packages "$bucket"
  digest=$(cat "$home/packages/complete" 2>/dev/null || true)
  have=$(cat "$home/installed" 2>/dev/null || true)
  if [ -z "$digest" ] && [ -z "$have" ]; then
    stage package waiting 'for the packages from your computer'
    trap - EXIT
    exit 0 # easel-gcp starts this again when they are here
  fi
  if [ -n "$digest" ] && [ "$digest" != "$have" ]; then
    stage package running "$(basename -a "$home"/packages/easel-server_*.deb)"
    mend_dpkg
    apt update || die 'The package lists of Ubuntu could not be fetched: has the machine a way out?'
    apt install --allow-downgrades "$home"/packages/*.deb || die 'The packages of Easel could not be installed.'
    echo "$digest" >"$home/installed"
  fi
  publish packages "$(cat "$home/installed")"
}

# token_of: a short-lived one of the machine's own account.
account_token() { meta instance/service-accounts/default/token | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'; }

google() { # URL [CURL_OPTION...]: prints the answer; its status is the last line
  curl -sS --retry 3 -H "Authorization: Bearer $(account_token)" -w '\n%{http_code}' "$@"
}

fetch_packages() { # gs://BUCKET/FOLDER
  local bucket folder answer status names name
  bucket=$(cut -d/ -f3 <<<"$1")
  folder=$(cut -d/ -f4- <<<"$1")
  folder=${folder%/}
  stage package running "looking into $1"
  answer=$(google "https://storage.googleapis.com/storage/v1/b/$bucket/o?prefix=${folder:+$folder/}easel-&fields=items(name,md5Hash)") ||
    die "The bucket $bucket could not be reached."
  status=${answer##*$'\n'}
  [ "$status" = 200 ] || die "The bucket $bucket cannot be read: Google answers $status."
  answer=${answer%$'\n'*}
  names=$(python3 -c 'import json, sys
for item in json.load(sys.stdin).get("items", []):
    if item["name"].endswith(".deb"): print(item["name"])' <<<"$answer")
  [ -n "$names" ] || die "There is no package of Easel in $1."
  local digest
  digest=$(sha256sum <<<"$answer" | cut -c 1-16)
  [ "$digest" != "$(cat "$home/installed" 2>/dev/null || true)" ] || return 0
  rm -rf "$home/packages"
  mkdir -p "$home/packages"
  while IFS= read -r name; do
    stage package running "fetching $(basename "$name")"
    status=$(google "https://storage.googleapis.com/storage/v1/b/$bucket/o/$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$name")?alt=media" \
      -o "$home/packages/$(basename "$name")" | tail -n 1)
    [ "$status" = 200 ] || die "$name could not be fetched from $bucket: Google answers $status."
  done <<<"$names"
  echo "$digest" >"$home/packages/complete"
}

# The settings of this machine stand in the configuration's last lines; what a person writes above is kept.
configure_server() {
  local model_folder=$1 file=/etc/easel/server.toml
  mkdir -p /etc/easel
  touch "$file"
  sed -i '/^# easel-gcp begin/,/^# easel-gcp end/d' "$file"
  {
    echo '# easel-gcp begin: written anew at every start'
    echo 'bind = "0.0.0.0"'
    echo "port = $(attribute port)"
    echo 'tls = true'
    echo 'require-key = true'
    local idle
    idle=$(attribute idle)
    [ "${idle:-0}" = 0 ] || echo "end-when-idle = $idle"
    [ -z "$model_folder" ] || echo "model = \"$model_folder\""
    echo '# easel-gcp end'
  } >>"$file"
}

# When nothing was asked of the server for so long it ends with 75, and the machine is to be switched off: Google
# then stops to bill it. A machine made from an image has another's keys; it makes its own before the server starts.
write_drop_in() {
  local folder=/etc/systemd/system/easel-server.service.d
  mkdir -p "$folder" /usr/local/lib/easel-guest
  cat >/usr/local/lib/easel-guest/power-off-when-idle <<'END'
#!/bin/sh
# systemd tells how the server ended.
if [ "$EXIT_STATUS" = 75 ]; then systemctl --no-block poweroff; fi
END
  cat >/usr/local/lib/easel-guest/own-state <<'END'
#!/bin/sh
set -e
id=$(curl -sf --retry 10 --retry-connrefused -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/id)
[ "$id" != "$(cat /var/lib/easel-guest/instance 2>/dev/null)" ] || exit 0
if [ -e /var/lib/easel-guest/instance ]; then rm -rf /var/lib/easel/server; fi
echo "$id" >/var/lib/easel-guest/instance
END
  cat >/usr/local/lib/easel-guest/gpu-nodes <<'END'
#!/bin/sh
# What nvidia-modprobe would do, which Ubuntu does not install with the driver.
nvidia-smi >/dev/null 2>&1
modprobe nvidia-uvm || exit 0
major=$(sed -n 's/^ *\([0-9]*\) nvidia-uvm$/\1/p' /proc/devices)
[ -n "$major" ] || exit 0
[ -e /dev/nvidia-uvm ] || mknod -m 666 /dev/nvidia-uvm c "$major" 0
[ -e /dev/nvidia-uvm-tools ] || mknod -m 666 /dev/nvidia-uvm-tools c "$major" 1
END
  chmod 755 /usr/local/lib/easel-guest/*
  cat >"$folder/easel-gcp.conf" <<'END'
[Service]
Environment=HF_HUB_CACHE=/var/lib/easel/hub
ExecStartPre=+/usr/local/lib/easel-guest/own-state
ExecStopPost=+/usr/local/lib/easel-guest/power-off-when-idle
SuccessExitStatus=75
RestartPreventExitStatus=75
END
  mkdir -p /etc/systemd/system/easel-gpu.service.d
  cat >/etc/systemd/system/easel-gpu.service.d/easel-gcp.conf <<'END'
[Service]
ExecStart=-/usr/local/lib/easel-guest/gpu-nodes
END
  systemctl daemon-reload
}

fetch_libtorch() {
  stage libtorch running
  run easel-server setup cuda || die "libtorch could not be fetched: $(tail -n 1 "$home/log")"
}

# fetch_token: from Secret Manager to where systemd takes the server's from; in memory, so that no image has it.
fetch_token() {
  local secret answer
  secret=$(attribute token-secret)
  [ -n "$secret" ] || return 0
  answer=$(google "https://secretmanager.googleapis.com/v1/projects/$(meta project/project-id)/secrets/$secret/versions/latest:access")
  [ "${answer##*$'\n'}" = 200 ] || die "The token in the secret $secret cannot be read: Google answers ${answer##*$'\n'}."
  install -d -m 700 /run/credstore
  install -m 600 /dev/null /run/credstore/easel.hub-token
  python3 -c 'import base64, json, sys; print(base64.b64decode(json.load(sys.stdin)["payload"]["data"]).decode().strip())' \
    <<<"${answer%$'\n'*}" >/run/credstore/easel.hub-token
}

# fetch_model: prints the folder that it is in; nothing for the starter model.
fetch_model() {
  local model token=() folder
  model=$(attribute model)
  stage model running "${model:-none}" >&2
  fetch_token
  [ "${model:-none}" != none ] || return 0
  install -d -o easel -g easel -m 750 "$state/hub"
  if [ -e /run/credstore/easel.hub-token ]; then
    install -o easel -g easel -m 400 /run/credstore/easel.hub-token /run/easel-hub-token
    token=(--token-file /run/easel-hub-token)
  fi
  run runuser -u easel -- env HOME="$state" HF_HUB_CACHE="$state/hub" easel-server pull "$model" --variant fp16 "${token[@]}" || {
    rm -f /run/easel-hub-token
    die "$(tail -n 1 "$home/log")"
  }
  rm -f /run/easel-hub-token
  folder=$(sed -n 's/^.* is here: //p' "$home/log" | tail -n 1)
  [ -d "$folder" ] || die "The model $model was fetched, but it is not there."
  printf '%s' "$folder"
}

start_server() {
  stage ready running
  run systemctl enable easel-server
  run systemctl restart easel-server || die "The server does not start: $(journalctl -u easel-server -n 3 --no-pager -o cat)"
  local seconds=0 port
  port=$(attribute port)
  until curl -skf -o /dev/null "https://127.0.0.1:$port/readyz"; do
    seconds=$((seconds + 2))
    [ "$seconds" -lt 600 ] || {
      run journalctl -u easel-server -n 25 --no-pager -o cat
      die "The server runs, but is not ready after ten minutes: $(journalctl -u easel-server -n 1 --no-pager -o cat)"
    }
    sleep 2
  done
  # What runs only on a GPU is proved where it runs, once for each set of packages.
  if [ "$(cat "$home/proved" 2>/dev/null)" != "$(cat "$home/installed")" ]; then
    stage ready running 'comparing what the GPU draws with what the processor draws'
    if run runuser -u easel -- env HOME="$state" HF_HUB_CACHE="$state/hub" easel-server doctor --data "$state/server"; then
      cp "$home/installed" "$home/proved"
    else
      # The server draws; what doctor does not like is for a person to read.
      publish doctor "$(tail -n 30 "$home/log" | tail -c 6000 | base64 -w 0)"
    fi
  fi
  publish settings "$(attribute settings)"
  stage ready 'done'
}

main() {
  trap 'die "It ended at a place where it should not have."' EXIT
  : >"$home/log"
  chmod 600 "$home/log"
  rm -f "$home/died"
  install_driver
  write_drop_in # before the package starts its service
  install_packages
  fetch_libtorch
  local folder
  folder=$(fetch_model)
  configure_server "$folder"
  start_server
  trap - EXIT
}

# Sourced by its test, it only gives its functions.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
