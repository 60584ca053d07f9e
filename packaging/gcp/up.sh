# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Making the machine, stopping and starting it. Sourced.
#
# Every step looks first whether its result is there, so "up" can be run again after it broke off anywhere.

bring_up() {
  local is_new=''
  find_packages
  look_at_project
  names_for "$machine"
  check_billing
  if ! machine_is_there; then m_state=missing; fi
  take_up
  tell_price
  case $m_state in
    running | starting) ;;
    *) consent create "Make this machine${m_gpu:+ run again} in the project $project?" ;;
  esac
  switch_on_services
  case $m_state in missing) check_quota ;; *) stage quota skipped 'the machine is there' ;; esac
  make_account
  make_network
  case $m_state in
    missing)
      make_machine
      is_new=yes
      ;;
    *) stage capacity skipped "it is in $zone" ;;
  esac
  finish_machine
  watch_guest
  need_machine
  tell_machine
  make_code
}

# machine_is_there: also in a project in which nothing is switched on yet, where it is not.
machine_is_there() {
  local rows
  rows=$(try compute instances list "--filter=labels.easel=$machine" "$machine_fields") || {
    complains 'SERVICE_DISABLED|has not been used|not enabled' || explain
    return 1
  }
  [ -n "$rows" ] || return 1
  find_machine
}

# take_up: what is there decides over what was not said this time.
take_up() {
  [ "$m_state" != missing ] || return 0
  [[ $given != *' --gpu '* ]] || [ "$gpu" = "$m_gpu" ] || differs "a $m_gpu"
  [[ $given != *' --zone '* ]] || [ "$asked_zone" = "$zone" ] || differs "in $zone"
  [[ $given != *' --region '* && $given != *' --zone '* ]] || [ "$asked_region" = "$region" ] || differs "in $region"
  gpu=$m_gpu disk_gb=${m_disk_gb:-$disk_gb}
  [ "$provisioning" = standard ] || [ "$provisioning" = "$m_provisioning" ] || differs "$m_provisioning"
  provisioning=$m_provisioning
  [[ $given == *' --model '* ]] || [ -z "$m_model" ] || model=$m_model
  [[ $given == *' --idle '* ]] || idle=${m_idle:-$idle}
  [ "$m_public" = false ] || public=yes
  if [ "$m_state" = running ] && [ -z "$m_address" ]; then
    way_out=nat
    [ -z "$public" ] || bad "$machine has no address on the internet." 'Remove it with "easel-gcp down" and make it with --public, or take another --name.'
  fi
  offer "$gpu"
}

differs() {
  bad "$machine is there already, and it is $1." 'Give another --name for a second machine, or remove it first with "easel-gcp down".'
}

# finish_machine: it runs, its guards hold, and it knows what it is to do.
finish_machine() {
  stage machine running
  if [ -n "$dry_run" ]; then
    read_machine "$machine|$zone|RUNNING|$gpu|||||||||||||"
  else
    need_machine
  fi
  case $m_state in
    stopping)
      stage machine waiting 'it is just stopping'
      wait_until stopped
      start_again
      ;;
    stopped | preempted)
      stage_titles[machine]='Starting the machine'
      tell_what_to_do
      start_again
      ;;
    *)
      [ "$provisioning" != flex ] || [ -n "$dry_run" ] || [ "$m_provisioning" = flex ] ||
        fail internal "Google made a $m_provisioning machine of what was to be Flex-start." 'Remove it with "easel-gcp down"; this gcloud may be too old for Flex-start.'
      tell_what_to_do
      ;;
  esac
  guard_new_machine
  act compute disks add-labels "$machine" "--zone=$zone" "--labels=easel=$machine"
  [ -n "$dry_run" ] || need_machine
  stage machine 'done' "$machine in $zone"
}

# tell_what_to_do: a machine that was there before may have been made for another model, or for another place of the
# packages.
tell_what_to_do() {
  [ -z "$is_new" ] || return 0
  metadata_words
  act compute instances add-metadata "$machine" "--zone=$zone" "${metadata[@]}"
  act compute instances add-labels "$machine" "--zone=$zone" \
    "--labels=easel_model=$(label_of "$model"),easel_idle=$idle${public:+,easel_public=yes}"
  [[ $packages == gs://* ]] || act compute instances remove-metadata "$machine" "--zone=$zone" --keys=easel-packages
}

wait_until() { # STATE
  local until=$(($(now) + 900))
  while [ "$m_state" != "$1" ] && ! { [ "$1" = stopped ] && [ "$m_state" = preempted ]; }; do
    [ "$(now)" -lt "$until" ] || fail not_ready "$machine has been $m_state for a quarter of an hour." 'Run this again later.'
    pause 5
    need_machine
  done
}

# start_again: a stopped machine, with both guards anew.
start_again() {
  rearm
  act compute instances start "$machine" "--zone=$zone"
  [ -n "$dry_run" ] || need_machine
}

start_machine() {
  need_machine
  [ -z "$dry_run" ] || m_state=stopped
  [ "$m_state" != stopping ] || wait_until stopped
  case $m_state in
    running | starting) tell '%s runs already; "easel-gcp extend" gives it more time.' "$machine" ;;
    *)
      gpu=$m_gpu provisioning=$m_provisioning disk_gb=${m_disk_gb:-$disk_gb} model=$m_model
      stage_titles[machine]='Starting the machine'
      stage machine running "$machine"
      start_again
      stage machine 'done'
      passed=' driver package libtorch model'
      watch_guest
      need_machine
      ;;
  esac
  tell_machine
}

stop_machine() {
  need_machine
  case $m_state in
    stopped | preempted) tell '%s is stopped already.' "$machine" ;;
    *)
      tell 'Stopping %s; its disk is kept.' "$machine"
      act compute instances stop "$machine" "--zone=$zone"
      need_machine
      ;;
  esac
  tell_machine
}

extend_machine() {
  need_running
  extend_by "$hours"
  need_machine
  tell_machine
}
