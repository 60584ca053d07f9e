# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Who asks, in which project, whether it can be billed, and what is switched on there. Sourced.

# use_account: sets $account, or ends when nobody is signed in.
use_account() {
  if [ -n "$dry_run" ]; then
    show config get-value account
    account=you@example.com
    return 0
  fi
  account=$(call config get-value account) || explain
  case $account in
    '' | '(unset)') fail not_logged_in 'gcloud is not signed in.' 'Run "gcloud auth login", then this again.' ;;
  esac
}

# use_project: sets $project, the one that is named or gcloud's own.
use_project() {
  if [ -z "$project" ] && [ -n "$dry_run" ]; then
    show config get-value project
    project=PROJECT
  elif [ -z "$project" ]; then
    project=$(call config get-value project) || explain
    [ "$project" != '(unset)' ] || project=
    [ -n "$project" ] || no_project
  fi
}

# look_at_project: it is there, and may be used.
look_at_project() {
  stage project running
  use_account
  use_project
  local id
  id=$(ask projects describe "$project" '--format=value(projectId)')
  [ -n "$id$dry_run" ] || no_project
  stage project 'done' "$project, as $account"
}

check_billing() {
  stage billing running
  local enabled
  if enabled=$(try billing projects describe "$project" '--format=value(billingEnabled)'); then
    [ "${enabled,,}" != false ] || no_billing
    stage billing 'done'
  elif complains 'SERVICE_DISABLED|has not been used|PERMISSION_DENIED|does not have permission'; then
    # Who may make machines need not see the bills; what cannot be billed is told when services are switched on.
    stage billing skipped 'this account may not see it'
  else
    explain
  fi
}

# switch_on_services: those that are not on yet.
switch_on_services() {
  stage apis running
  local wanted=(compute.googleapis.com iap.googleapis.com iam.googleapis.com cloudquotas.googleapis.com) on missing=() name
  [ -z "$token_file" ] || wanted+=(secretmanager.googleapis.com)
  on=$(ask services list --enabled '--format=value(config.name)')
  for name in "${wanted[@]}"; do
    grep -qxF "$name" <<<"$on" || missing+=("$name")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ -n "$dry_run" ] || stage apis waiting "switching on ${missing[*]}"
    act services enable "${missing[@]}"
    # What is new there is not known everywhere at once.
    [[ " ${missing[*]} " != *' compute.googleapis.com '* ]] ||
      act_when_known 'SERVICE_DISABLED|has not been used|not enabled' compute project-info describe '--format=value(name)'
  fi
  stage apis 'done'
}

tell_account() {
  use_account
  emit account email="$account"
  answer '%s' "$account"
}

tell_projects() {
  use_account
  local rows id name
  if [ -n "$dry_run" ]; then
    show projects list '--filter=lifecycleState=ACTIVE' '--format=value[separator="|"](projectId,name)' --limit=200
    return 0
  fi
  rows=$(call projects list '--filter=lifecycleState=ACTIVE' '--format=value[separator="|"](projectId,name)' --limit=200) || explain
  while IFS='|' read -r id name; do
    [ -n "$id" ] || continue
    emit project id="$id" name="$name"
    answer '%-30s %s' "$id" "$name"
  done <<<"$rows"
}
