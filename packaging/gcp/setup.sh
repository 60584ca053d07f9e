# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# From a machine that runs to a server that draws: the packages go there, and what the machine says is passed on.
# Sourced.
#
# guest/startup.sh does the work, at every start. It tells how far it is in a guest attribute, as
# "BEGAN|STAGE|STATE|DETAIL": BEGAN is when it was started, by which one of an earlier start is known.

# over_ssh COMMAND: on the machine, through IAP. The first time after a start, sshd and OS Login take a while.
over_ssh() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    if try compute ssh "$machine" "--zone=$zone" --tunnel-through-iap "--command=$1"; then return 0; fi
    complains '4003|failed to connect to backend|Connection (refused|timed out|reset|closed)|Permission denied \(publickey' || explain
    if find_machine && [ "$m_state" != running ]; then why_not_running; fi
    [ "$attempt" -eq 6 ] || pause 10
  done
  fail not_ready "$machine cannot be reached through IAP." \
    "Run the same command again in a minute. If it stays so, the account lacks a role: $permission_remedy"
}

debs=() packages_digest='' settings=''

# The packages that the machine needs; sets $debs, and $packages_digest, by which the machine knows that it has them.
find_packages() {
  debs=() packages_digest=
  [[ $packages != gs://* ]] || return 0
  local name found
  if [ -z "$packages" ]; then
    packages=$(readlink -m "$parts/../packages") # of the package easel-machine
    # In a source tree: what build-packages.sh made there.
    [ ! -e "$parts/../build-packages.sh" ] || packages=$(readlink -m "$parts/../../build/packages")
  fi
  for name in easel-server easel-worker easel-starter-model; do
    found=$(find "$packages" -maxdepth 1 -name "${name}_*.deb" 2>/dev/null | sort -V | tail -n 1) || true
    [ -n "$found" ] || [ -n "$dry_run" ] ||
      fail bad_argument "The package $name is not in $packages." \
        'Install the package easel-machine, which has it, or name the folder or bucket with the Debian packages: --packages FOLDER or --packages gs://BUCKET/FOLDER. In the source tree packaging/build-packages.sh makes them.'
    debs+=("${found:-$packages/${name}_VERSION.deb}")
  done
  packages_digest=DIGEST
  [ -n "$dry_run" ] || packages_digest=$(sha256sum "${debs[@]}" | cut -d' ' -f1 | sha256sum | cut -c1-16)
}

send_packages() {
  stage package waiting "sending ${#debs[@]} packages"
  rm -rf "$work/easel-packages"
  mkdir -p "$work/easel-packages"
  [ -n "$dry_run" ] || cp "${debs[@]}" "$work/easel-packages/"
  # Older ones that lie there would go along.
  over_ssh 'rm -rf easel-packages' >/dev/null
  act compute scp "$work/easel-packages" "$machine:" --recurse "--zone=$zone" --tunnel-through-iap
  # Copied to where only root writes before root installs them; the digest is written last.
  over_ssh "sudo sh -c 'rm -rf /var/lib/easel-guest/packages && mkdir -p /var/lib/easel-guest/packages && cp easel-packages/*.deb /var/lib/easel-guest/packages/ && echo $packages_digest >/var/lib/easel-guest/packages/complete'" >/dev/null
}

restart_guest() { over_ssh 'sudo systemctl restart --no-block google-startup-scripts.service' >/dev/null; }

# guest_says: reads what the machine tells; sets g_began, g_stage, g_state, g_detail, g_log, g_packages and
# g_settings.
guest_says() {
  local rows key value text=''
  g_log='' g_packages='' g_settings='' g_began=0 g_stage='' g_state='' g_detail=''
  # Until the machine has told anything there is nothing to read, which is an error to gcloud.
  rows=$(ask_or 'was not found|NOT_FOUND|notFound' compute instances get-guest-attributes "$machine" "--zone=$zone" \
    --query-path=easel/ '--format=value[separator="|"](key,value)')
  while IFS='|' read -r key value; do
    case $key in
      stage) text=$value ;;
      packages) g_packages=$value ;;
      settings) g_settings=$value ;;
      log) g_log=$(base64 -d <<<"$value" 2>/dev/null || true) ;;
    esac
  done <<<"$rows"
  [ -z "$text" ] || IFS='|' read -r g_began g_stage g_state g_detail <<<"$text"
  [[ $g_began =~ ^[0-9]+$ ]] || g_began=0
}

guest_stages=(driver package libtorch model ready)

# pass_on STAGE: tells the stages before it as done, once each.
pass_on() {
  local id
  for id in "${guest_stages[@]}"; do
    [ "$id" != "$1" ] || return 0
    [[ " $passed " == *" $id "* ]] || { stage "$id" 'done'; passed+=" $id"; }
  done
}
passed=

# watch_guest: until the server is ready; fails with what the machine says.
watch_guest() {
  if [ -n "$dry_run" ]; then
    ask compute instances get-guest-attributes "$machine" "--zone=$zone" --query-path=easel/
    [ ${#debs[@]} -eq 0 ] || { send_packages; }
    return 0
  fi
  local until=$(($(now) + 5400)) since=$m_started told='' first=driver redone='' sent='' renewed=''
  [[ " $passed " != *' model '* ]] || first=ready
  patience=30
  # The clocks of the machine and of Google need not agree to the second.
  since=$((since - 60))
  while :; do
    guest_says
    if [ "$g_began" -lt "$since" ]; then
      [ -n "$told" ] || stage "$first" running
      [ -n "$told" ] || stage "$first" waiting 'the machine is starting'
      told=starting
    elif [ "$g_state" = failed ] && [ -z "$redone" ]; then
      # It may have failed in an earlier "up": it gets another chance.
      redone=yes since=$((g_began + 1))
      if [ -n "$told" ]; then guest_failed; fi
      stage "$g_stage" waiting 'it failed before; trying again'
      restart_guest
      told=restarted
    elif [ "$g_state" = failed ]; then
      guest_failed
    elif [ "$g_stage" = package ] && [ "$g_state" = waiting ] && [ ${#debs[@]} -eq 0 ]; then
      fail not_ready "There is no server on $machine yet; making it broke off." '"easel-gcp up" goes on with it.'
    elif [ "$g_stage" = package ] && [ "$g_state" = waiting ]; then
      pass_on package
      stage package running
      send_packages
      since=$((g_began + 1)) told=sent sent=yes
      restart_guest
    elif [ "$g_stage $g_state" = 'ready done' ] && [ -n "$packages_digest" ] && [ "$g_packages" != "$packages_digest" ]; then
      # Other packages than those that are here: an upgrade.
      [ -z "$sent" ] ||
        fail package_failed "$machine did not take the packages that were sent to it." '"easel-gcp logs" shows why.'
      stage package running 'another version'
      send_packages
      since=$((g_began + 1)) told=sent sent=yes
      restart_guest
    elif [ "$g_stage $g_state" = 'ready done' ] && [ -n "$settings" ] && [ "$g_settings" != "$settings" ]; then
      [ -z "$renewed" ] ||
        fail not_ready "$machine did not take its new settings." '"easel-gcp logs" shows why.'
      stage ready running 'with other settings'
      since=$((g_began + 1)) told=restarted renewed=yes
      restart_guest
    elif [ "$g_stage $g_state" = 'ready done' ]; then
      pass_on ready
      stage ready 'done'
      patience=0
      return 0
    elif [ "$g_stage|$g_state|$g_detail" != "$told" ]; then
      told="$g_stage|$g_state|$g_detail"
      pass_on "$g_stage"
      stage "$g_stage" running "$g_detail"
    fi
    [ "$(now)" -lt "$until" ] ||
      fail not_ready "The server on $machine is not ready after an hour and a half." \
        '"easel-gcp logs" shows what it is at. It goes on by itself; run "easel-gcp up" again to wait for it, or "easel-gcp stop".'
    pause 10
    find_machine || fail not_found "$machine has gone: somebody else has removed it." 'Run "easel-gcp up" again.'
    case $m_state in
      running | starting) ;;
      *) why_not_running ;;
    esac
  done
}

# guest_failed: what failed in the machine, with the end of its log.
guest_failed() {
  local code=internal remedy="Run \"easel-gcp up\" again: it goes on where it was. The machine runs on and costs money until then; \"easel-gcp stop\" stops it." url=''
  current_stage=$g_stage
  [ -z "$g_log" ] || [ -n "$json" ] || printf '\n%s\n' "$g_log" >&2
  case $g_stage in
    driver) code=driver_failed ;;
    package | libtorch)
      code=package_failed
      if [[ $packages == gs://* ]] && [[ $g_detail == *403* ]]; then
        remedy="Let the machine's account read the bucket, then run \"easel-gcp up\" again: gcloud storage buckets add-iam-policy-binding $(cut -d/ -f1-3 <<<"$packages") --member=serviceAccount:$(sa_email) --role=roles/storage.objectViewer"
      fi
      ;;
    model)
      code=package_failed
      case $g_detail in
        *licence* | *gated*)
          code=model_gated url="https://huggingface.co/$model"
          remedy="Open the model's page, sign in and accept its licence; make a token at https://huggingface.co/settings/tokens and run \"easel-gcp up --token-file FILE\" again. The machine runs on and costs money until then; \"easel-gcp stop\" stops it."
          ;;
      esac
      ;;
    ready) code=not_ready ;;
  esac
  fail "$code" "$g_detail" "$remedy" "$url"
}

# make_code: a pairing code, which is good once and for ten minutes.
make_code() {
  stage pair running
  local line code where=("--gcp=$project/$zone/$machine")
  [ "${m_public:-false}" = false ] || where=("--address=https://$m_address:$port")
  line=$(over_ssh "sudo runuser -u easel -- easel-server pair --data /var/lib/easel/server --scope admin ${where[*]} --json")
  [ -z "$dry_run" ] || { stage pair 'done'; return 0; }
  [[ $line =~ (easel://[^\"[:space:]]+) ]] ||
    fail not_ready "The server on $machine gave no pairing code." '"easel-gcp logs" shows why; run this again when it runs.'
  code=${BASH_REMATCH[1]}
  stage pair 'done'
  emit pairing code="$code"
  answer '%s' "$code"
  tell 'Paste this code in Easel on the device that is to draw with %s. It is good once, for ten minutes; "easel-gcp pair" makes another.' "$machine"
}
