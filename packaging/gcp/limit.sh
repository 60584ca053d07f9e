# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# The guards of the money, which both hold from outside of the machine. Sourced.
#
# 1. An instance schedule stops the machine at a time that its name tells. It can be replaced by a later one while
#    the machine runs; that is how the limit is prolonged. Google may be up to 15 minutes late with it, so it is set
#    that much earlier than what was asked for.
# 2. --max-run-duration, the ceiling. Google changes it only while the machine is stopped, so it holds whatever
#    happens to the first one, to this program and to the laptop. It begins anew with each start.
#
# https://cloud.google.com/compute/docs/instances/schedule-instance-start-stop
# https://cloud.google.com/compute/docs/instances/limit-vm-runtime

schedule_lateness=900

# Ceiling in hours for a limit of HOURS: room to be prolonged, and never more than two days beyond it.
ceiling_for() {
  local ceiling=$(($1 * 3))
  [ "$ceiling" -ge 12 ] || ceiling=12
  [ "$ceiling" -le $(($1 + 48)) ] || ceiling=$(($1 + 48))
  printf '%s' "$ceiling"
}

# until_name EPOCH; until_of NAME: the time in a schedule's name, 0 without one.
until_name() { printf '%s-until-%s' "$machine" "$(date -u -d "@$1" +%Y%m%d-%H%M)"; }
until_of() {
  local stamp=${1##*-until-}
  [[ $stamp =~ ^([0-9]{8})-([0-9]{2})([0-9]{2})$ ]] || { printf 0; return 0; }
  epoch "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}:${BASH_REMATCH[3]} UTC"
}

# make_schedule EPOCH: a schedule that stops at that minute of that day, once; sets $schedule.
make_schedule() {
  local row
  schedule=$(until_name "$1")
  row=$(ask compute resource-policies list "$(named "$schedule") AND region:$region" "$name_and_mark")
  ours 'a resource policy' "$schedule" "$row" ||
    act compute resource-policies create instance-schedule "$schedule" "--region=$region" --timezone=UTC \
      "--vm-stop-schedule=$(date -u -d "@$1" '+%-M %-H %-d %-m *')" "--end-date=$(rfc3339 $(($1 + 86400)))" \
      "--description=$mark"
}

# use_schedule: puts $schedule in the place of the machine's present one, and removes those that nobody follows.
use_schedule() {
  if [ -n "$m_schedule" ] && [ "$m_schedule" != "$schedule" ]; then
    act compute instances remove-resource-policies "$machine" "--resource-policies=$m_schedule" "--zone=$zone"
  fi
  if [ "$m_schedule" != "$schedule" ]; then
    try compute instances add-resource-policies "$machine" "--resource-policies=$schedule" "--zone=$zone" >/dev/null ||
      { complains 'already' || return 1; }
  fi
  m_schedule=$schedule
  local rows name description
  rows=$(ask compute resource-policies list "--filter=name~^$machine-until- AND region:$region" "$name_and_mark")
  while IFS='|' read -r name description; do
    [ "$description" != "$mark" ] || [ "$name" = "$schedule" ] ||
      act compute resource-policies delete "$name" "--region=$region"
  done <<<"$rows"
}

# Google's own agent carries schedules out; it may stop this machine, and no other. Where this account may not let it,
# somebody may have before; whether it works is seen when the machine is to follow a schedule.
allow_agent() {
  local number
  number=$(ask projects describe "$project" '--format=value(projectNumber)')
  try compute instances add-iam-policy-binding "$machine" "--zone=$zone" \
    "--member=serviceAccount:service-${number:-NUMBER}@compute-system.iam.gserviceaccount.com" \
    --role=roles/compute.instanceAdmin.v1 >/dev/null || complains 'permission' || explain
}

# guard_until EPOCH: the machine follows a schedule that stops it then.
guard_until() {
  make_schedule "$1"
  if use_schedule; then return 0; fi
  complains 'needs to have|permission' || explain
  # IAM takes a minute or two until everybody knows.
  allow_agent
  local attempt
  for attempt in {1..12}; do
    if use_schedule; then return 0; fi
    complains 'needs to have|permission' || explain
    [ "$attempt" -eq 12 ] || pause 10
  done
  return 1
}

# guard_new_machine: after it was made. Where Google's agent may not be let at it, the ceiling itself becomes the
# limit, for which the machine must be stopped once.
guard_new_machine() {
  [ "$provisioning" != flex ] || return 0
  # Taken up again: what it was given then still holds.
  [ -z "$m_schedule" ] && [ -z "$m_is_fixed" ] || return 0
  allow_agent
  if guard_until $(($(now) + hours * 3600 - schedule_lateness)); then return 0; fi
  stage machine waiting "the limit cannot be one that is prolonged; making it a fixed one"
  act compute instances stop "$machine" "--zone=$zone"
  fix_limit
  act compute instances start "$machine" "--zone=$zone"
}

# fix_limit: of a stopped machine, the ceiling is HOURS, and that is the limit.
fix_limit() {
  set_ceiling "$hours"
  act compute instances add-labels "$machine" "--zone=$zone" --labels=easel_limit=fixed
  m_is_fixed=yes
}

set_ceiling() { # HOURS
  act compute instances set-scheduling "$machine" "--zone=$zone" "--max-run-duration=$(($1 * 3600))s" \
    --instance-termination-action=STOP
}

# rearm: before a stopped machine is started, both guards begin anew.
rearm() {
  if [ -n "$m_is_fixed" ]; then
    set_ceiling "$hours"
    return 0
  fi
  set_ceiling "$(ceiling_for "$hours")"
  guard_until $(($(now) + hours * 3600 - schedule_lateness)) || fix_limit
}

# extend_by HOURS: a running machine goes on that much longer than it would.
extend_by() {
  local ends
  [ "$m_provisioning" != flex ] ||
    fail bad_argument 'The time of a Flex-start machine is fixed when it is made.' 'Make another one with more --hours when it has ended.'
  [ -z "$m_is_fixed" ] ||
    fail no_permission "The limit of $machine can only be changed while it is stopped, because Google's agent may not stop machines here on a schedule." \
      "\"easel-gcp stop\" and \"easel-gcp start --hours N\" give it a new one."
  ends=$((m_stops + $1 * 3600))
  [ "$m_until" -gt 0 ] || ends=$(($(now) + $1 * 3600))
  [ "$ends" -le "$m_ceiling" ] || [ -n "$dry_run" ] ||
    fail bad_argument "$machine is stopped at $(rfc3339 "$m_ceiling") at the latest, whatever is asked; that was fixed when it started." \
      'Stop it and start it again ("easel-gcp stop", "easel-gcp start --hours N"): then it may run as long again.'
  guard_until "$ends" || explain
}
