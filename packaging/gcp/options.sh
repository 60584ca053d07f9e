# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# The command line. Sourced.

usage() {
  cat <<'END'
One machine with a GPU on Google Cloud that runs Easel's server.

  easel-gcp up          make it, or go on where that broke off; ends with a code to paste in Easel
  easel-gcp status      how it is, how long it may run, what it has cost
  easel-gcp list        all machines of easel-gcp in the project
  easel-gcp cost        what it costs, part by part
  easel-gcp stop        stop it; what is on it is kept, and only its disk costs
  easel-gcp start       start it again, with a new limit
  easel-gcp extend      let it run longer than its limit
  easel-gcp logs        the server's log
  easel-gcp ssh         a shell on it; after -- a command
  easel-gcp pair        another code to paste in Easel
  easel-gcp tunnel      a way to it from this computer, as long as it runs
  easel-gcp bake        an image of it, from which "up" is much faster
  easel-gcp down        remove it and all that belongs to it
  easel-gcp offers      the GPUs and their prices
  easel-gcp models      models to begin with
  easel-gcp projects, account    what gcloud may use, and who it is signed in as

"easel-gcp COMMAND --help" tells the options of a command. It needs gcloud, signed in, and nothing else.
Nothing is touched that it has not made itself.
END
}

help_of() {
  local option
  usage | sed -n "s/^  easel-gcp $command /easel-gcp $command: /p" | sed 's/:  */: /'
  printf '\n'
  for option in $(options_of "$command"); do
    printf '  %s\n' "${option_help[$option]}"
  done
}

declare -A option_help=(
  [--project]='--project ID       the project; gcloud'"'"'s own if not given'
  [--name]='--name NAME        the machine'"'"'s name, easel if not given; another is called easel-NAME'
  [--region]='--region REGION    where; us-central1 if not given'
  [--zone]='--zone ZONE        only in this zone'
  [--gpu]='--gpu GPU          l4, t4, a100, h100 or rtx6000; l4 if not given'
  [--model]='--model NAME       OWNER/NAME on the hub, or none; Stable Diffusion 1.5 if not given'
  [--spot]='--spot             for less, but Google may take the machine back at any time'
  [--flex]='--flex             wait for a free GPU; the machine is removed when its time is up'
  [--hours]='--hours N          the limit of its time, after which it is stopped; 8 if not given'
  [--idle]='--idle MINUTES     it stops by itself when nothing was asked of it for so long; 30, and 0 for never'
  [--disk]='--disk GB          its disk; 60 if not given'
  [--public]='--public           an address on the internet, into which this computer'"'"'s address alone may come'
  [--from]='--from ADDRESS     with --public: the address that may come in, if not this computer'"'"'s'
  [--way-out]='--way-out WAY      address or nat; the cheaper one (address) if not given'
  [--packages]='--packages PLACE   a folder with the Debian packages, or gs://BUCKET/FOLDER'
  [--token-file]='--token-file FILE  a token of the hub, for a model whose licence one must accept'
  [--fresh]='--fresh            not from an image that "bake" has made'
  [--wait-quota]='--wait-quota MINUTES  how long to wait for Google'"'"'s answer to a request for a GPU; 10 if not given'
  [--no-quota-request]='--no-quota-request do not ask Google for a GPU when the quota has none'
  [--keep-images]='--keep-images      leave the images that "bake" has made'
  [--port]='--port N           the port on this computer; a free one if not given'
  [--dry-run]='--dry-run          print every command of gcloud and run none'
  [--json]='--json             one JSON object a line, for programs'
  [--yes]='--yes              agree to everything that would be asked'
  [--help]='--help             this')

options_of() { # COMMAND
  local common='--project --dry-run --json --help'
  case $1 in
    up)
      printf -- '--name --gpu --model --hours --spot --flex --idle --region --zone --disk --public --from --way-out '
      printf -- '--packages --token-file --fresh --wait-quota --no-quota-request --yes %s' "$common"
      ;;
    start | extend) printf -- '--name --zone --hours %s' "$common" ;;
    tunnel) printf -- '--name --zone --port %s' "$common" ;;
    down) printf -- '--name --zone --keep-images --yes %s' "$common" ;;
    bake) printf -- '--name --zone --yes %s' "$common" ;;
    status | cost | stop | logs | ssh | pair) printf -- '--name --zone %s' "$common" ;;
    list | projects | account | offers | models) printf '%s' "$common" ;;
    *) return 1 ;;
  esac
}

command='' rest=() given=' '
project=${CLOUDSDK_CORE_PROJECT:-} machine=easel region='' zone='' gpu=l4 model=$default_model provisioning=standard
hours='' idle=30 disk_gb=60 public='' home_address='' way_out=address packages='' token_file='' fresh='' wait_quota=10
no_quota_request='' keep_images='' near_port='' dry_run='' yes=''
port=5000 # the server's, on the machine

bad() { fail bad_argument "$1" "${2:-\"easel-gcp ${command:+$command }--help\" tells what there is.}"; }

parse_options() {
  local word
  # What is said about a wrong option is for a program, too, wherever --json stands.
  for word in "$@"; do
    [ "$word" != -- ] || break
    [ "$word" != --json ] || json=yes
  done
  case ${1:-} in
    '' | -h | --help | help) usage; exit 0 ;;
  esac
  command=$1
  shift
  options_of "$command" >/dev/null || { word=$command command=''; bad "There is no command \"$word\"."; }
  while [ $# -gt 0 ]; do
    case $1 in
      --) shift; rest=("$@"); break ;;
      --*=*) word=${1#*=}; set -- "${1%%=*}" "$word" "${@:2}" ;;
    esac
    case $1 in
      --*) [[ " $(options_of "$command") " == *" $1 "* ]] || bad "\"easel-gcp $command\" has no option $1." ;;
      *)
        # The commands that are about one machine take its name without --name, too.
        if [[ " $(options_of "$command") " != *' --name '* ]] || [[ $given == *' --name '* ]]; then
          bad "\"$1\" is one word too many."
        fi
        set -- --name "$@"
        ;;
    esac
    given+="$1 "
    take_option "$@"
    shift "$taken"
  done
  check_options
}

take_option() {
  taken=2
  case $1 in
    --help) help_of; exit 0 ;;
    --json) taken=1; return 0 ;;
    --yes) yes=yes taken=1; return 0 ;;
    --dry-run) dry_run=yes taken=1; return 0 ;;
    --spot) provisioning=spot taken=1; return 0 ;;
    --flex) provisioning=flex taken=1; return 0 ;;
    --public) public=yes taken=1; return 0 ;;
    --fresh) fresh=yes taken=1; return 0 ;;
    --no-quota-request) no_quota_request=yes taken=1; return 0 ;;
    --keep-images) keep_images=yes taken=1; return 0 ;;
  esac
  if [ $# -lt 2 ] || [[ $2 == --* ]]; then bad "$1 needs a value."; fi
  case $1 in
    --project) project=$2 ;;
    --name) machine=$2 ;;
    --region) region=$2 ;;
    --zone) zone=$2 ;;
    --gpu) gpu=$2 ;;
    --model) model=$2 ;;
    --hours) hours=$2 ;;
    --idle) idle=$2 ;;
    --disk) disk_gb=$2 ;;
    --from) home_address=$2 ;;
    --way-out) way_out=$2 ;;
    --packages) packages=$2 ;;
    --token-file) token_file=$2 ;;
    --wait-quota) wait_quota=$2 ;;
    --port) near_port=$2 ;;
  esac
}

# number OPTION VALUE FROM TO
number() {
  { [[ $2 =~ ^[0-9]{1,6}$ ]] && [ "$((10#$2))" -ge "$3" ] && [ "$((10#$2))" -le "$4" ]; } ||
    bad "$1 is a whole number from $3 to $4, not \"$2\"."
}

matches() { [[ $2 =~ $3 ]] || bad "$1: \"$2\" is not $4."; }

check_options() {
  [ -z "$project" ] || matches --project "$project" '^([a-z0-9.-]+\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$' "a project's id"
  matches --name "$machine" '^[a-z]([a-z0-9-]{0,25}[a-z0-9])?$' 'a name of small letters, digits and hyphens, up to 27 of them'
  [[ $machine == easel || $machine == easel-* ]] || machine=easel-$machine
  [ ${#machine} -le 27 ] || bad "--name: \"$machine\" is longer than 27 letters."
  [ -z "$zone" ] || matches --zone "$zone" '^[a-z]+-[a-z]+[0-9]+-[a-z]$' 'a zone, as us-central1-a'
  [ -z "$region" ] || matches --region "$region" '^[a-z]+-[a-z]+[0-9]+$' 'a region, as us-central1'
  [ -z "$region" ] || [ -z "$zone" ] || [ "${zone%-*}" = "$region" ] || bad "The zone $zone is not in the region $region."
  [ -z "$zone" ] || region=${zone%-*}
  region=${region:-us-central1}
  asked_zone=$zone asked_region=$region
  offer "$gpu" || bad "--gpu: \"$gpu\" is not one of ${gpus[*]}."
  check_provisioning
  [ "$model" = none ] || matches --model "$model" '^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$' 'OWNER/NAME'
  if [ -z "$hours" ]; then
    hours=8
    [ "$command" != extend ] || hours=1
  fi
  number --hours "$hours" 1 168
  number --idle "$idle" 0 1440
  number --disk "$disk_gb" 40 2000
  number --wait-quota "$wait_quota" 0 2880
  [ -z "$near_port" ] || number --port "$near_port" 1 65535
  hours=$((10#$hours)) idle=$((10#$idle)) disk_gb=$((10#$disk_gb)) wait_quota=$((10#$wait_quota))
  case $way_out in address | nat) ;; *) bad "--way-out: \"$way_out\" is neither address nor nat." ;; esac
  [ -z "$public" ] || [ "$way_out" = address ] || bad '--public needs an address, not --way-out nat.'
  if [ -n "$home_address" ]; then
    [ -n "$public" ] || bad '--from is of use with --public only.'
    matches --from "$home_address" '^[0-9]{1,3}(\.[0-9]{1,3}){3}$' 'an IPv4 address'
  fi
  [[ $packages != gs://* ]] || matches --packages "$packages" '^gs://[a-z0-9][a-z0-9._-]{1,220}(/[A-Za-z0-9._/-]*)?$' 'gs://BUCKET/FOLDER'
  [[ $packages == gs://* ]] || [ -z "$packages" ] || [ -d "$packages" ] || bad "--packages: there is no folder $packages."
  [ -z "$token_file" ] || check_token
}

check_provisioning() {
  [[ $given != *' --spot '* ]] || [[ $given != *' --flex '* ]] || bad '--spot and --flex exclude each other.'
  [ "$provisioning" != flex ] || [ -n "$offer_flex" ] || bad "Google does not sell the $offer_title as Flex-start." 'Leave --flex out, or take another GPU.'
  [ "$provisioning" != standard ] || [ "$offer_hourly" -gt 0 ] ||
    bad "Google sells one $offer_title only as Spot or Flex-start." 'Add --spot (cheaper, can be taken back) or --flex (waits, then runs undisturbed).'
}

check_token() {
  if ! [ -f "$token_file" ] || ! [ -r "$token_file" ]; then bad "--token-file: $token_file cannot be read."; fi
  [ "$(wc -c <"$token_file")" -le 1024 ] || bad "--token-file: $token_file is longer than a token can be."
  grep -qE '^hf_[A-Za-z0-9]+$' "$token_file" || bad "--token-file: there is no token of the hub in $token_file; one begins with hf_."
}
