#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts the server of an image. Each EASEL_NAME in the environment is the flag --name of "easel-server serve":
# EASEL_MODEL=OWNER/NAME, EASEL_NO_PULL=true; "false" and nothing leave a flag out. What follows the image's name on
# the command line is added as it is, or runs instead when it is a command of easel-server (pair, keys, pull, ...).
set -eu

case "${1:-}" in
  '' | -*) ;;
  *) exec easel-server "$@" ;;
esac

# Cloud Run tells the port by this name.
: "${EASEL_PORT:=${PORT:-5000}}"
export EASEL_PORT
for name in $(env | sed -n 's/^\(EASEL_[A-Z0-9_]*\)=.*/\1/p'); do
  [ "$name" != EASEL_LIBTORCH ] || continue
  value=$(printenv "$name")
  flag=--$(printf %s "${name#EASEL_}" | tr 'A-Z_' 'a-z-')
  case "$value" in
    '' | false) ;;
    true) set -- "$flag" "$@" ;;
    *) set -- "$flag" "$value" "$@" ;;
  esac
done
exec easel-server serve "$@"
