# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Finding the machine and telling how it is. Sourced.

machine_fields='--format=value[separator="|"](name,zone.basename(),status,labels.easel_gpu,labels.easel_limit,labels.easel_public,scheduling.provisioningModel,scheduling.maxRunDuration.seconds,creationTimestamp,lastStartTimestamp,lastStopTimestamp,resourcePolicies[0].basename(),networkInterfaces[0].accessConfigs[0].natIP,disks[0].diskSizeGb,machineType.basename(),labels.easel_model,labels.easel_idle)'

# read_machine ROW: sets m_* from a row of the list.
read_machine() {
  local name public_label limit_label provisioning_word model_label created started stopped
  IFS='|' read -r name zone m_status m_gpu limit_label public_label provisioning_word m_max created started stopped \
    m_schedule m_address m_disk_gb m_type model_label m_idle <<<"$1"
  names_for "$name"
  region=${zone%-*}
  m_is_fixed=${limit_label:+yes}
  m_public=false
  [ -z "$public_label" ] || m_public=true
  case $provisioning_word in
    SPOT) m_provisioning=spot ;;
    FLEX_START) m_provisioning=flex ;;
    *) m_provisioning=standard ;;
  esac
  m_model=$(model_of "$model_label")
  m_created=$(epoch "$created") m_started=$(epoch "$started") m_stopped=$(epoch "$stopped")
  m_ceiling=0
  [ -z "$m_max" ] || m_ceiling=$((m_started + m_max))
  m_until=$(until_of "$m_schedule")
  m_stops=$m_ceiling
  [ "$m_until" -eq 0 ] || { [ "$m_stops" -ne 0 ] && [ "$m_stops" -lt "$m_until" ]; } || m_stops=$m_until
  offer "$m_gpu" || m_gpu=l4
  case $m_status in
    RUNNING | REPAIRING) m_state=running ;;
    PENDING | PROVISIONING | STAGING) m_state=starting ;;
    STOPPING | SUSPENDING | PENDING_STOP) m_state=stopping ;;
    *) m_state=stopped ;;
  esac
  if [ "$m_state" = stopped ] && [ "$m_provisioning" = spot ] && was_preempted; then m_state=preempted; fi
}

# Whether Google took the machine back: its last end was a preemption.
was_preempted() {
  local at
  at=$(ask compute operations list "--zones=$zone" \
    "--filter=operationType=compute.instances.preempted AND targetLink~/instances/$machine\$" \
    '--format=value(insertTime)' '--sort-by=~insertTime' --limit=1)
  [ -n "$at" ] && [ "$(epoch "$at")" -ge "$m_started" ]
}

# A model's name as a label, which has small letters, digits and hyphens: what else there is becomes _ and two
# hexadecimal digits. A name that gets too long for a label is left out.
label_of() {
  local name=$1 text='' i char
  for ((i = 0; i < ${#name}; i++)); do
    char=${name:i:1}
    case $char in
      [abcdefghijklmnopqrstuvwxyz0123456789-]) text+=$char ;;
      *) text+=$(printf '_%02x' "'$char") ;;
    esac
  done
  [ ${#text} -gt 63 ] || printf '%s' "$text"
}

model_of() {
  local text=$1
  [ "$text" != none ] || return 0
  while [[ $text =~ ^([^_]*)_([0-9a-f]{2})(.*)$ ]]; do
    printf '%s\x'"${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
    text=${BASH_REMATCH[3]}
  done
  printf '%s' "$text"
}

# find_machine: the one of that name, wherever it is. Fails when there is none.
find_machine() {
  local rows filter=labels.easel=$machine
  # "up" must see one in another zone, too, so as not to make a second.
  [ -z "$asked_zone" ] || [ "$command" = up ] || filter+=" AND zone:$asked_zone"
  rows=$(ask compute instances list "--filter=$filter" "$machine_fields")
  m_state=missing
  [ -n "$rows" ] || return 1
  [ "$(wc -l <<<"$rows")" -eq 1 ] ||
    tell 'There are several machines called %s; the first is taken. "easel-gcp down" removes all of them.' "$machine"
  read_machine "${rows%%$'\n'*}"
}

need_machine() {
  if [ -n "$dry_run" ]; then
    ask compute instances list "--filter=labels.easel=$machine" "$machine_fields"
    read_machine "$machine|${zone:-$region-a}|RUNNING|$gpu|||||||||||||"
    return 0
  fi
  find_machine || {
    emit machine name="$machine" project="$project" state=missing
    fail not_found "There is no machine called $machine in the project $project." \
      '"easel-gcp up" makes one; "easel-gcp list" shows those that there are.'
  }
}

# need_running: ends with the reason when it does not run.
need_running() {
  need_machine
  case $m_state in
    running) return 0 ;;
    starting | stopping) fail not_ready "$machine is just $m_state." 'Wait a minute, then run this again.' ;;
  esac
  why_not_running
}

why_not_running() {
  if [ "$m_state" = preempted ]; then
    fail preempted "Google took the Spot machine $machine back; its disk is kept." \
      '"easel-gcp start" starts it again, when there is a free GPU; without --spot it is not taken back.'
  fi
  # Google may stop it some seconds before what the clocks here say.
  if [ "$m_stops" -gt 0 ] && [ "$m_stopped" -ge $((m_stops - 60)) ]; then
    fail expired "The time of $machine was up at $(rfc3339 "$m_stops"), and it was stopped." '"easel-gcp start" starts it again.'
  fi
  fail not_ready "$machine is stopped." '"easel-gcp start" starts it.'
}

# run_seconds: how long the present run has lasted, or the last one did.
run_seconds() {
  local until=$m_stopped
  case $m_state in running | starting | stopping) until=$(now) ;; esac
  if [ "$until" -gt "$m_started" ] && [ "$m_started" -gt 0 ]; then printf '%s' $((until - m_started)); else printf 0; fi
}

# Of the present or last run, the seconds since midnight UTC.
run_seconds_today() {
  local midnight began=$m_started ran
  midnight=$(($(now) / 86400 * 86400))
  ran=$(run_seconds)
  [ $((m_started + ran)) -gt "$midnight" ] || { printf 0; return 0; }
  [ "$began" -ge "$midnight" ] || began=$midnight
  printf '%s' $((m_started + ran - began))
}

machine_price() {
  local out=address
  [ -n "$m_address" ] || [ "$m_state" != running ] || out=nat
  price_of "$m_gpu" "$m_provisioning" "$out" "${m_disk_gb:-60}" 1
}

tell_machine() {
  [ -z "$dry_run" ] || return 0
  local ran left=0 stops='' started=''
  machine_price
  ran=$(run_seconds)
  [ "$m_started" -eq 0 ] || started=$(rfc3339 "$m_started")
  if [ "$m_state" = running ] && [ "$m_stops" -gt 0 ]; then
    stops=$(rfc3339 "$m_stops")
    left=$((m_stops - $(now)))
    [ "$left" -ge 0 ] || left=0
  fi
  emit machine name="$machine" project="$project" zone="$zone" gpu="$m_gpu" machine_type="$m_type" state="$m_state" \
    stops_at="$stops" run_left_s:="$left" started_at="$started" up_s:="$ran" hourly:="$(money "$price_total")" \
    cost:="$(money "$(for_seconds "$price_total" "$ran")")" \
    cost_today:="$(money "$(for_seconds "$price_total" "$(run_seconds_today)")")" provisioning="$m_provisioning" \
    public:="$m_public" address="$([ "$m_public" = false ] || printf '%s' "$m_address")" model="$m_model"
  answer '%-20s %-10s %s, %s in %s%s' "$machine" "$m_state" "$m_gpu" "$m_provisioning" "$zone" "${m_model:+, $m_model}"
  case $m_state in
    running)
      answer '  running for %s, %s so far (%s an hour)%s' "$(spelled "$ran")" \
        "$(dollars "$(for_seconds "$price_total" "$ran")")" "$(dollars "$price_total")" \
        "${stops:+; stops by itself in $(spelled "$left"), at $stops}"
      ;;
    stopped | preempted) answer '  its disk costs %s a month until "easel-gcp down"' "$(dollars "$price_disk")" ;;
  esac
}

spelled() { # SECONDS
  if [ "$1" -ge 3600 ]; then
    printf '%d h %02d min' $(($1 / 3600)) $(($1 % 3600 / 60))
  else
    printf '%d min' $(($1 / 60))
  fi
}

tell_machines() {
  local rows row
  rows=$(ask compute instances list '--filter=labels.easel:*' "$machine_fields")
  [ -n "$rows$dry_run" ] || answer 'There is no machine of easel-gcp in the project %s.' "$project"
  while IFS= read -r row; do
    [ -n "$row" ] || continue
    read_machine "$row"
    tell_machine
  done <<<"$rows"
}

tell_cost() {
  [ -z "$dry_run" ] || return 0
  local ran run_cost disk_cost
  machine_price
  ran=$(run_seconds)
  run_cost=$(for_seconds "$((price_hourly + price_other))" "$ran")
  disk_cost=$((price_disk * ($(now) - m_created) / (hours_in_month * 3600)))
  emit cost name="$machine" state="$m_state" hourly:="$(money "$price_hourly")" other_hourly:="$(money "$price_other")" \
    disk_monthly:="$(money "$price_disk")" total_hourly:="$(money "$price_total")" up_s:="$ran" run:="$(money "$run_cost")" \
    disk_so_far:="$(money "$disk_cost")" month_if_left_on:="$(money $((price_total * hours_in_month)))" \
    month_if_stopped:="$(money "$price_disk")" currency=USD as_of="$prices_as_of"
  answer '%s (%s, %s, %s)' "$machine" "$m_type" "$m_provisioning" "$m_state"
  answer '  the machine      %10s an hour' "$(dollars "$price_hourly")"
  answer '  its way out      %10s an hour' "$(dollars "$price_other")"
  answer '  disk, %3s GB     %10s a month' "${m_disk_gb:-60}" "$(dollars "$price_disk")"
  case $m_state in
    running | starting | stopping) answer '  this run, %s: %s' "$(spelled "$ran")" "$(dollars "$run_cost")" ;;
    *) answer '  the last run, %s: %s' "$(spelled "$ran")" "$(dollars "$run_cost")" ;;
  esac
  answer '  the disk since it was made: %s' "$(dollars "$disk_cost")"
  answer '  a month if left on: %s; if stopped: %s' "$(dollars $((price_total * hours_in_month)))" "$(dollars "$price_disk")"
  answer 'Counted from when Google says that it started and stopped, at the list prices of %s; earlier runs are on the bill only.' "$prices_as_of"
}
