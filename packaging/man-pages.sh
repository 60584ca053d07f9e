#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes the manual pages out of what the programs say with --help: easel-server.1, one page for each of its
# commands, easel.1 and easel-gcp.1.
#
#   packaging/man-pages.sh PROGRAMS FOLDER     PROGRAMS: the folder that they are in
set -euo pipefail
export LC_ALL=C.UTF-8
[ $# -eq 2 ] || { sed -n '3,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
programs=$1
folder=$2
mkdir -p "$folder"

version=$("$programs/easel-server" --version)
version=${version##* }

# page NAME TITLE COMMAND [HELP2MAN_OPTION...]
page() {
  local name=$1 title=$2 command=$3
  shift 3
  help2man --no-info --section 1 --manual 'Easel' --source "Easel $version" --version-string "$name $version" \
    --name "$title" --output "$folder/$name.1" "$@" "$command"
}

related=$(mktemp)
trap 'rm -f "$related"' EXIT
commands=$("$programs/easel-server" --help | sed -n '/^Subcommands:/,$ s/^  \([a-z][a-z-]*\)  *\(.*\)/\1 \2/p')
[ -n "$commands" ] || { echo "man-pages: easel-server --help names no commands" >&2; exit 1; }

{
  printf '[FILES]\n'
  printf '.TP\n.I /etc/easel/server.toml\nThe configuration of the service.\n'
  printf '.TP\n.I /var/lib/easel\nWhat the service keeps: jobs, pictures, keys, libtorch, models.\n'
  printf '[SEE ALSO]\n'
  cut -d' ' -f1 <<<"$commands" | sed 's/.*/.BR easel-server-& (1),/'
  printf '.BR easel (1)\n'
} >"$related"
page easel-server 'draw pictures from words for others over HTTP' "$programs/easel-server" --include "$related"

printf '[SEE ALSO]\n.BR easel-server (1)\n' >"$related"
while read -r command title; do
  page "easel-server-$command" "${title,}" "$programs/easel-server $command" --include "$related"
done <<<"$commands"
page easel 'draw pictures from words on your own GPU' "$programs/easel" --include "$related"
page easel-gcp 'make a machine with a GPU on Google Cloud that draws' "$programs/easel-gcp" --include "$related"
