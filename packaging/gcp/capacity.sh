# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# A zone that has a free GPU, and the machine in it. Sourced.

# zones_with_gpu: those of the region that have such machines at all.
zones_with_gpu() {
  if [ -n "$offer_accelerator" ]; then
    ask compute accelerator-types list "--filter=name=$offer_accelerator AND zone~$region-" '--format=value(zone.basename())'
  else
    ask compute machine-types list "--filter=name=$offer_type AND zone~$region-" '--format=value(zone.basename())'
  fi
}

# alternatives: what else there is when no GPU is free, and what it costs.
alternatives() {
  local other text="Try again later, or elsewhere with --region"
  offer "$gpu"
  [ "$provisioning" != standard ] || [ "$offer_spot" -eq 0 ] ||
    text+="; as Spot, which Google may take back (--spot, $(dollars "$(hourly_of "$gpu" spot)") an hour)"
  [ "$provisioning" = flex ] || [ -z "$offer_flex" ] ||
    text+="; waiting for a free one (--flex, at most $(dollars "$(hourly_of "$gpu" flex)") an hour)"
  [ "$provisioning" != spot ] || [ "$offer_hourly" -eq 0 ] ||
    text+="; not as Spot ($(dollars "$offer_hourly") an hour)"
  for other in "${gpus[@]}"; do
    offer "$other"
    [ "$other" = "$gpu" ] || [ "$offer_hourly" -eq 0 ] || text+="; --gpu $other ($(dollars "$offer_hourly") an hour)"
  done
  offer "$gpu"
  printf '%s. %s' "$text" "${elsewhere:+Google says that there are free ones in $elsewhere. }Nothing that costs anything by the hour was made."
}
elsewhere=

image_words=()
# choose_image: the newest that "bake" made for this name, else Ubuntu with Google's kernel.
choose_image() {
  local baked=''
  [ -n "$fresh" ] ||
    baked=$(ask compute images list --no-standard-images "--filter=labels.easel=$machine AND status=READY" \
      '--sort-by=~creationTimestamp' --limit=1 '--format=value(name)')
  if [ -n "$baked" ]; then
    image_words=("--image=$baked" "--image-project=$project")
    stage capacity waiting "from the image $baked"
  else
    image_words=(--image-family=ubuntu-2404-lts-amd64 --image-project=ubuntu-os-cloud)
  fi
}

# metadata_words: what guest/startup.sh is to do; the token itself is not in it. By $settings the machine tells
# whether it has done that.
metadata_words() {
  local text=enable-oslogin=TRUE,enable-guest-attributes=TRUE
  settings=$(sha256sum <<<"$model $port $idle" | cut -c 1-16)
  text+=",easel-machine=$machine,easel-model=$model,easel-port=$port,easel-idle=$idle,easel-settings=$settings"
  [ -z "$token_file" ] || text+=",easel-token-secret=$secret"
  [[ $packages != gs://* ]] || text+=",easel-packages=$packages"
  metadata=("--metadata=$text" "--metadata-from-file=startup-script=$parts/guest/startup.sh")
}

# create_words ZONE: sets the command that makes the machine.
create_words() {
  local interface="subnet=$net" labels
  [ "$way_out" = address ] || interface+=,no-address
  [ -z "$offer_nic" ] || interface+=",nic-type=$offer_nic"
  labels="easel=$machine,easel_gpu=$gpu,easel_idle=$idle,easel_model=$(label_of "$model")"
  metadata_words
  create=(compute instances create "$machine" "--zone=$1" "--machine-type=$offer_type" "${image_words[@]}"
    "--boot-disk-size=${disk_gb}GB" "--boot-disk-type=$offer_disk" "--network-interface=$interface"
    --maintenance-policy=TERMINATE --shielded-secure-boot --shielded-vtpm --shielded-integrity-monitoring
    "--service-account=$(sa_email)" --scopes=cloud-platform "--tags=$machine"
    "--labels=$labels${public:+,easel_public=yes}" "--description=$mark" "${metadata[@]}")
  [ -z "$offer_accelerator" ] || create+=("--accelerator=type=$offer_accelerator,count=1")
  case $provisioning in
    flex)
      create+=(--provisioning-model=FLEX_START --instance-termination-action=DELETE "--max-run-duration=$((hours * 3600))s"
        --request-valid-for-duration=2h --reservation-affinity=none)
      ;;
    spot) create+=(--provisioning-model=SPOT --instance-termination-action=STOP "--max-run-duration=$(($(ceiling_for "$hours") * 3600))s") ;;
    *) create+=(--provisioning-model=STANDARD --instance-termination-action=STOP "--max-run-duration=$(($(ceiling_for "$hours") * 3600))s") ;;
  esac
}

# make_machine: tries the zone that was asked for, or all of the region, those first that Google names as free.
make_machine() {
  stage capacity running
  offer "$gpu"
  choose_image
  local queue=() tried=' ' candidate free
  if [ -n "$zone" ]; then
    queue=("$zone")
  else
    mapfile -t queue < <(zones_with_gpu)
    [ -z "$dry_run" ] || queue=("$region-a")
    [ ${#queue[@]} -gt 0 ] ||
      fail bad_argument "There is no $offer_title in $region." 'Name another region with --region, or another GPU with --gpu.'
  fi
  while [ ${#queue[@]} -gt 0 ]; do
    candidate=${queue[0]}
    queue=("${queue[@]:1}")
    [[ $tried != *" $candidate "* ]] || continue
    tried+="$candidate "
    stage capacity waiting "asking for a machine in $candidate"
    if create_in "$candidate"; then
      zone=$candidate
      stage capacity 'done' "$zone"
      return 0
    fi
    # Google names zones that have what was asked for; those of this region come first.
    free=$(sed -n 's/^ *zonesAvailable: *//p' "$work/complaint" | tr -d "'\"" | tr ', ' '\n' | grep -E '^[a-z]+-[a-z]+[0-9]+-[a-z]$' || true)
    [ -n "$free" ] || continue
    elsewhere=$(grep -v "^$region-" <<<"$free" | paste -sd' ' || true)
    [ -n "${asked_zone:-}" ] || mapfile -t queue < <(grep "^$region-" <<<"$free" || true
      printf '%s\n' "${queue[@]}" | grep . || true)
  done
  tried=${tried# }
  fail stockout "No $offer_title is free in ${tried% } now." "$(alternatives)"
}

# create_in ZONE: fails only for want of a free GPU there.
create_in() {
  create_words "$1"
  local attempt
  for attempt in 1 2 3 4 5 6 7; do
    if try "${create[@]}" >/dev/null; then return 0; fi
    # The account that was just made may not be known there yet.
    if [ "$attempt" -eq 7 ] || ! complains "$not_known_yet"; then break; fi
    pause 10
  done
  if complains 'vmExternalIpAccess' && [ -z "$public" ] && [ "$way_out" = address ]; then
    stage capacity waiting "the organisation allows no addresses; its way out is Cloud NAT ($(dollars "$nat_hourly") an hour)"
    way_out=nat
    make_nat
    create_in "$1"
    return
  fi
  # Made by a command that broke off after Google had heard it.
  if complains 'already exists'; then
    [ -n "$(ask compute instances list "--filter=name=$machine AND labels.easel=$machine AND zone:$1" '--format=value(name)')" ] ||
      foreign 'a machine or a disk' "$machine"
    return 0
  fi
  complains 'ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|STOCKOUT' || explain
  return 1
}
