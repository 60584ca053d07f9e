# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# What easel-gcp tells: sentences for people, or with --json one JSON object a line. Sourced.

json= # set by --json

# The real standard output; functions whose output is captured can still tell things.
exec 3>&1

# json_text TEXT: as a JSON string, in $json_string. Control characters without a short name in JSON are left out.
json_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  text=${text//[$'\001'-$'\037'$'\177']/}
  json_string="\"$text\""
}

# emit EVENT NAME=TEXT... NAME:=JSON...: one line, for programs.
emit() {
  [ -n "$json" ] || return 0
  local line="{\"event\":\"$1\"" field json_string
  shift
  for field in "$@"; do
    if [[ $field =~ ^([a-z_]+):=(.*)$ ]]; then
      line+=",\"${BASH_REMATCH[1]}\":${BASH_REMATCH[2]}"
    else
      json_text "${field#*=}"
      line+=",\"${field%%=*}\":$json_string"
    fi
  done
  printf '%s}\n' "$line" >&3
}

# tell FORMAT ARGUMENT...: for people, while it goes on.
# shellcheck disable=SC2059 # it is printf's format
tell() { [ -n "$json" ] || printf "$1\\n" "${@:2}" >&2; }

# answer FORMAT ARGUMENT...: what a command was asked for, for people.
# shellcheck disable=SC2059
answer() { [ -n "$json" ] || printf "$1\\n" "${@:2}" >&3; }

declare -A stage_titles=(
  [project]='Looking at the project' [billing]='Checking that the project can be billed'
  [apis]='Switching on what Easel needs in the project' [quota]='Checking the GPU quota'
  [account]="Making the machine's own account" [network]='Making a network that nothing gets into'
  [capacity]='Looking for a zone with a free GPU' [machine]='Making the machine'
  [driver]='Installing the NVIDIA driver' [package]='Installing Easel' [libtorch]='Fetching libtorch'
  [model]='Fetching the model' [ready]='Waiting until the server is ready' [pair]='Making the pairing code')

# stage ID STATE [DETAIL]
stage() {
  local title=${stage_titles[$1]} detail=${3:-}
  emit stage id="$1" state="$2" title="$title" detail="$detail"
  case $2 in
    running)
      [ "$1$detail" = "$told_stage" ] || tell '%s%s' "$title" "${detail:+: $detail}"
      told_stage=$1$detail
      ;;
    waiting) tell '  … %s' "$detail" ;;
    done) [ -z "$detail" ] || tell '  %s' "$detail" ;;
    skipped) tell '%s: not needed%s' "$title" "${detail:+, $detail}" ;;
    failed) : ;; # the error follows
  esac
  case $2 in
    done | skipped | failed) current_stage= ;;
    *) current_stage=$1 ;;
  esac
}
current_stage='' told_stage=''

# fail CODE DETAIL [REMEDY [URL]]: says it and ends.
fail() {
  local code=$1 detail=$2 remedy=${3:-} url=${4:-}
  [ -z "$current_stage" ] || stage "$current_stage" failed "$detail"
  emit error code="$code" detail="$detail" remedy="$remedy" url="$url"
  if [ -z "$json" ]; then
    printf '\neasel-gcp: %s\n' "$detail" >&2
    [ -z "$remedy" ] || printf '%s\n' "$remedy" >&2
    [ -z "$url" ] || printf 'See %s\n' "$url" >&2
  fi
  [ "$code" != bad_argument ] || end_with 2
  end_with 1
}

# end_with STATUS: ends easel-gcp, also from a function whose output is captured.
end_with() {
  : >"$work/told"
  printf '%s' "$1" >"$work/status"
  [ "$BASHPID" -eq $$ ] || kill -USR1 $$
  exit "$1"
}

# consent ID TEXT: goes on only if the person agrees. Without a terminal --yes agrees; else the question is the
# answer, and the exit status is 3.
consent() {
  [ -z "$yes$dry_run" ] || return 0
  if [ -z "$json" ] && [ -t 0 ] && [ -t 2 ]; then
    local word
    read -r -p "$2 [y/N] " word
    case $word in [yY] | [yY][eE][sS]) return 0 ;; esac
    tell 'Nothing was changed.'
  else
    emit question id="$1" text="$2"
    tell '%s\nSay --yes to agree; nothing was changed.' "$2"
  fi
  end_with 3
}
