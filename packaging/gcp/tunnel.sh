# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# The ways in: a tunnel, a shell, the log. Sourced.

# free_port: one that nothing listens on.
free_port() {
  local candidate
  for candidate in "$port" {5001..5099}; do
    (exec 9<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || { printf '%s' "$candidate"; return 0; }
  done
  fail bad_argument 'Every port from 5000 to 5099 is taken on this computer.' 'Name a free one with --port.'
}

# open_tunnel: stays until it is ended, until gcloud ends, or until whoever started it has gone.
open_tunnel() {
  local near=$near_port parent=$PPID child='' watches_input=''
  need_running
  [ -n "$near" ] || near=$(free_port)
  in_project compute start-iap-tunnel "$machine" "$port" "--local-host-port=localhost:$near" "--zone=$zone"
  if [ -n "$dry_run" ]; then
    show "${in_project_words[@]}"
    return 0
  fi
  # A program that reads what this says keeps this one's input open as long as it lives.
  [ ! -p /dev/stdin ] || watches_input=yes
  exec 8<&0
  : >"$work/tunnel"
  set -m # the child and what it starts are a group of their own, which can be ended as one
  # What it prints must not wait in a buffer until it ends.
  PYTHONUNBUFFERED=1 gcloud "${in_project_words[@]}" >"$work/tunnel" 2>&1 </dev/null &
  child=$!
  set +m
  trap 'end_tunnel "$child"; exit 143' TERM HUP
  trap 'end_tunnel "$child"; exit 130' INT
  local is_open='' word
  while kill -0 "$child" 2>/dev/null; do
    if [ -z "$is_open" ] && grep -q '^Listening on port' "$work/tunnel"; then
      is_open=yes
      emit tunnel port:="$near"
      answer 'https://127.0.0.1:%s is %s now, as long as this runs; Ctrl+C ends it.' "$near" "$machine"
    fi
    if [ -n "$watches_input" ]; then
      # Its end means that the program has gone; 128 and above, that there was nothing yet.
      read -r -t 0.5 -u 8 word || [ $? -gt 128 ] || break
    else
      sleep 0.5
    fi
    [ "$parent" -eq 1 ] || kill -0 "$parent" 2>/dev/null || break
  done
  if kill -0 "$child" 2>/dev/null; then
    end_tunnel "$child"
    end_with 0
  fi
  wait "$child" || true
  cp "$work/tunnel" "$work/complaint"
  complains 'in use|unable to open socket|Address already' &&
    fail bad_argument "The port $near of this computer is taken." 'Name another with --port, or leave it out.'
  complains '4033|not authorized' && explain
  complains '4003|failed to connect to backend' &&
    fail not_ready "Nothing listens at port $port of $machine yet." 'Wait a minute, then run this again; "easel-gcp logs" shows what the server is at.'
  find_machine || fail not_found "$machine has gone." '"easel-gcp up" makes another.'
  [ "$m_state" = running ] || why_not_running
  cp "$work/tunnel" "$work/complaint"
  explain
}

end_tunnel() {
  trap '' TERM HUP INT
  kill -TERM -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

open_shell() {
  need_running
  # Without --quiet: a person sits there.
  local words=(compute ssh "$machine" "--zone=$zone" --tunnel-through-iap "--project=$project")
  [ ${#rest[@]} -eq 0 ] || words+=("--command=${rest[*]}")
  if [ -n "$dry_run" ]; then
    show "${words[@]}"
    return 0
  fi
  rm -rf "$work"
  exec gcloud "${words[@]}"
}

# tell_log: the server's; of a machine that cannot be reached, what it wrote to its console.
tell_log() {
  need_machine
  local text
  if [ -z "$dry_run" ] && [ "$m_state" != running ]; then why_not_running; fi
  if text=$(try compute ssh "$machine" "--zone=$zone" --tunnel-through-iap \
    '--command=sudo journalctl -u google-startup-scripts -u easel-server -n 200 --no-pager -o short-iso'); then
    [ -n "$dry_run" ] || printf '%s\n' "$text" >&3
    return 0
  fi
  tell 'The machine cannot be reached (%s); this is what it wrote to its console.' "$(complaint)"
  text=$(ask compute instances get-serial-port-output "$machine" "--zone=$zone")
  tail -n 200 <<<"$text" >&3
}
