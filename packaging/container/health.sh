#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whether the server of this image lives; over TLS, when it speaks that, with whatever certificate it has.
port=${EASEL_PORT:-${PORT:-5000}}
exec 2>/dev/null
curl -sk --fail --max-time 4 -o /dev/null "https://127.0.0.1:$port/livez" ||
  curl -s --fail --max-time 4 -o /dev/null "http://127.0.0.1:$port/livez"
