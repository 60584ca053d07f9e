# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# How gcloud is called, and what its complaints mean. Sourced.

# call ARGUMENT...: gcloud in this project, its complaint in $work/complaint. It never asks.
call() {
  command -v gcloud >/dev/null ||
    fail gcloud_missing 'gcloud, the Google Cloud command line, is not installed.' \
      'Install it, then run "gcloud auth login".' https://cloud.google.com/sdk/docs/install
  # Nor does it switch on services by itself.
  CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API=0 gcloud "$@" 2>"$work/complaint" </dev/null
}

# show ARGUMENT...: the command as one would type it, for a dry run.
show() {
  local text
  text=$(printf ' %q' "$@")
  emit command text="gcloud$text"
  [ -n "$json" ] || printf 'gcloud%s\n' "$text" >&3
}

# in_project ARGUMENT...: adds the project to a command.
in_project() { in_project_words=("$@" "--project=$project" --quiet); }

# ask ARGUMENT...: what gcloud answers to a question; nothing in a dry run, as if nothing were there yet.
ask() { ask_or NOTHING "$@"; }

# ask_or PATTERN ARGUMENT...: the same, and nothing where the complaint is of that pattern.
ask_or() {
  local pattern=$1 left=$patience
  shift
  in_project "$@"
  if [ -n "$dry_run" ]; then
    show "${in_project_words[@]}"
    return 0
  fi
  until call "${in_project_words[@]}"; do
    if complains "$pattern"; then return 0; fi
    if ! is_offline || [ "$left" -eq 0 ]; then explain; fi
    left=$((left - 1))
    pause 10
  done
}

# How often a question is asked again when the network fails. While one waits for long, a laptop may change its place.
patience=0

is_offline() {
  complains 'Unable to find the server|Could not reach|Network is unreachable|Name or service not known|Temporary failure in name resolution|Max retries exceeded|timed out|Connection (refused|reset|aborted)|HTTPError 50[0234]|Remote end closed'
}

# try ARGUMENT...: like ask, but a failure is the caller's to judge.
try() {
  in_project "$@"
  if [ -n "$dry_run" ]; then
    show "${in_project_words[@]}"
    return 0
  fi
  call "${in_project_words[@]}"
}

# act ARGUMENT...: changes something. What gcloud prints is of no interest.
act() { try "$@" >/dev/null || explain; }

# Google tells all of its machines of a new account or a new service within a minute, but not at once.
not_known_yet='[Ss]ervice account.* (was not found|does not exist)|serviceAccounts/.* was not found'

# act_when_known PATTERN ARGUMENT...: like act, for as long as the complaint is that something new is not known yet.
act_when_known() {
  local pattern=$1 attempt
  shift
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
    if try "$@" >/dev/null; then return 0; fi
    complains "$pattern" || explain
    [ "$attempt" -eq 12 ] || pause 10
  done
  explain
}

complains() { grep -qiE -- "$1" "$work/complaint"; }

# gcloud's complaint as a sentence: its first error line, without the name of the command.
complaint() {
  local line
  line=$(grep -m1 -E '^ERROR: ' "$work/complaint" || grep -m1 -vE '^(WARNING:|$)' "$work/complaint" || true)
  if [[ $line =~ ^ERROR:\ \([a-z.-]+\)\ (.*)$ ]]; then line=${BASH_REMATCH[1]}; fi
  # Of what was asked of Compute Engine, the reason stands in the next lines.
  case $line in
    'Could not fetch resource:' | 'Some requests did not succeed:' | '')
      line=$(sed -n 's/^ *- \{0,1\}//; /^message: /{s///;p;q;}' "$work/complaint")
      [ -n "$line" ] || line=$(grep -m1 -E '^ +- ' "$work/complaint" | sed 's/^ *- //' || true)
      ;;
  esac
  line=${line:-gcloud failed and did not say why}
  case $line in *[.!?]) printf '%s' "$line" ;; *) printf '%s.' "$line" ;; esac
}

# explain: ends with what gcloud's complaint means, and what to do about it.
explain() {
  local said
  said=$(complaint)
  # gcloud also asks to sign in when it is the network that fails.
  if is_offline; then
    said=$(grep -oE -m1 'Temporary failure in name resolution|Name or service not known|Connection (refused|reset|aborted)|timed out|Network is unreachable|HTTPError 50[0-9]' "$work/complaint" | head -n 1 || true)
    fail network "Google Cloud could not be reached${said:+: $said}." 'Check the network, then run the same command again: it goes on where it was.'
  elif complains 'do not currently have an active account|gcloud auth login|Reauthentication (failed|required)|invalid_grant'; then
    fail not_logged_in 'gcloud is not signed in, or its sign-in has run out.' 'Run "gcloud auth login", then this again.'
  elif complains 'BILLING_NOT_FOUND|BILLING_DISABLED|Billing must be enabled|requires billing to be enabled|billing account for project .* is not found'; then
    no_billing
  elif complains 'SERVICE_DISABLED|has not been used in project|API \[.*\] not enabled|it is disabled'; then
    fail api_disabled "A service that this needs is not switched on in the project $project: $said" \
      'Run "easel-gcp up" with an account that may switch on services (roles/serviceusage.serviceUsageAdmin), or have it switched on there.' \
      "https://console.cloud.google.com/apis/dashboard?project=$project"
  elif complains 'quota .* exceeded|QUOTA_EXCEEDED|Quota exceeded'; then
    quota_is_zero "$said"
  elif complains 'ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|STOCKOUT|stockout'; then
    fail stockout 'Google has no free GPU of this kind there now.' "$(alternatives)"
  elif complains "PERMISSION_DENIED|Required '.*' permission|does not have permission|Permission .* denied|IAM_PERMISSION_DENIED|HTTPError 403|not authorized|Permission denied"; then
    fail no_permission "The account may not do this in the project $project: $said" \
      "$permission_remedy" "https://console.cloud.google.com/iam-admin/iam?project=$project"
  elif complains 'Project .* (not found|was not found|may not exist)|project property is (set to the empty string|not currently set)|Invalid value for .*project'; then
    no_project
  elif complains 'Invalid choice: .FLEX_START|unrecognized arguments|Invalid choice'; then
    fail gcloud_missing "This gcloud is too old for that: $said" 'Bring it up to date ("gcloud components update", or the package google-cloud-cli), then run this again.'
  elif complains 'was not found|NOT_FOUND|notFound'; then
    fail not_found "Google Cloud does not have it: $said" 'Look with "easel-gcp list" at what is there; "easel-gcp up" makes what is missing.'
  fi
  fail internal "gcloud failed: $said" 'Run the same command again: it goes on where it was. If it fails again, the complaint above says why.'
}

permission_remedy='Ask an owner of the project for Editor and these roles: Compute Admin (compute.admin), Service Account Admin and User (iam.serviceAccountAdmin, iam.serviceAccountUser), Secret Manager Admin (secretmanager.admin), Service Usage Admin (serviceusage.serviceUsageAdmin), IAP-secured Tunnel User (iap.tunnelResourceAccessor), OS Admin Login (compute.osAdminLogin).'

no_billing() {
  fail no_billing "The project $project has no billing account, or it is closed." \
    'Link one on its billing page, then run this again.' \
    "https://console.cloud.google.com/billing/linkedaccount?project=$project"
}

no_project() {
  fail no_project "There is no project ${project:-chosen}${project:+ that this account may use}." \
    'Name one with --project ID; "easel-gcp projects" lists them. A new one is made on the page below.' \
    https://console.cloud.google.com/projectcreate
}

# epoch TIMESTAMP: in seconds, 0 of an empty one.
epoch() { if [ -n "$1" ]; then date -u -d "$1" +%s; else printf 0; fi; }
now() { date -u +%s; }
rfc3339() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
