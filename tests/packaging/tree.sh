# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Root file systems to install into, made by debootstrap and thrown away after. Sourced; needs root, and to run apart
# (see apart), so that mounts and processes end with the script.

say() { printf '\n==> %s\n' "$*"; }
die() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# apart SCRIPT ARGUMENT...: the script anew, with mounts and processes of its own
apart() {
  [ "$(id -u)" -eq 0 ] || die "this needs root, for it makes root file systems"
  command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
  [ -n "${EASEL_APART:-}" ] || EASEL_APART=yes exec unshare --mount --pid --fork --kill-child --mount-proc "$@"
}

# The mirror that this machine itself installs from.
mirror() {
  local found
  # shellcheck disable=SC2016
  found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$') || true
  [ -n "$found" ] || die "apt installs from no Debian mirror here"
  printf '%s\n' "$found"
}

# make_tree RELEASE FOLDER: a minimal system, unpacked from build/trees when it was made before
make_tree() {
  local release=$1 tree=$2 kept=build/trees/$1.tar proxy
  mkdir -p build/trees "$tree"
  if [ ! -f "$kept" ]; then
    say "Making a tree of $release"
    debootstrap --variant=minbase "$release" "$tree" "$(mirror)" >"build/trees/$release.log" ||
      die "debootstrap failed, see build/trees/$release.log"
    tar -C "$tree" -cf "$kept.new" .
    mv "$kept.new" "$kept"
  else
    tar -C "$tree" -xf "$kept"
  fi
  # Nothing starts by being installed: no systemd runs here.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod +x "$tree/usr/sbin/policy-rc.d"
  proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
  [ -z "$proxy" ] || printf 'Acquire::http::Proxy "%s";\n' "$proxy" >"$tree/etc/apt/apt.conf.d/99-proxy"
  cp /etc/resolv.conf "$tree/etc/resolv.conf"
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount -t tmpfs -o mode=755 none "$tree/run"
}

# in_tree TREE COMMAND...: as root of the tree, with nothing of this shell's surroundings
in_tree() {
  local tree=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    chroot "$tree" "$@"
}

# install TREE WHAT...: without questions; the lists are fetched when they are not there
install() {
  local tree=$1
  shift
  [ -n "$(find "$tree/var/lib/apt/lists" -name '*Packages*' -print -quit)" ] || in_tree "$tree" apt-get -q update
  in_tree "$tree" apt-get -q -y install "$@"
}

# show FOLDER PLACE: a folder of this machine inside a tree, where nothing can change it: a tree is thrown away with all
# that is in it
show() {
  mkdir -p "$2"
  mount --bind -o ro "$1" "$2"
}

# what_is_there TREE: every file and folder that belongs to no package and is not what installing anything leaves behind,
# and every account
what_is_there() {
  (cd "$1" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \
    -o -path ./tmp -o -path ./root -o -path ./packages -o -path ./etc/ssl/certs \) -prune -o -print) | sed 's/^\.//' | sort -u |
    comm -23 - <(cat "$1"/var/lib/dpkg/info/*.list | sed -E 's,^/(bin|sbin|lib|lib64)(/|$),/usr/\1\2,' | sort -u)
  cut -d: -f1 "$1/etc/passwd" "$1/etc/group" | sed 's/^/account /' | sort -u
}

# is_picture FILE
is_picture() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || die "$1 is no picture"; }

# pair ADDRESS CERTIFICATE CODE_JSON: exchanges what "easel-server pair --json" has printed for a device's key, as the app does
pair() {
  local ticket
  ticket=$(python3 -c 'import json, sys, urllib.parse as u; print(dict(u.parse_qsl(u.urlsplit(json.loads(sys.argv[1])["link"]).query))["ticket"])' "$3")
  curl -sS --fail-with-body --cacert "$2" -H 'Content-Type: application/json' -d "{\"ticket\": \"$ticket\", \"name\": \"laptop\"}" \
    "$1/v1/pair" | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])'
}
