# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Amounts of money, in ten-thousandths of a US dollar, and what a machine costs. Sourced.

# money AMOUNT: as a JSON number, 7068 as 0.7068.
money() {
  local whole=$(($1 / 10000)) rest
  rest=$(printf '%04d' $(($1 % 10000)))
  while [ "${rest%0}" != "$rest" ]; do rest=${rest%0}; done
  printf '%s%s' "$whole" "${rest:+.$rest}"
}

# dollars AMOUNT: for people; cents, rounded, and finer where that would say nothing.
dollars() {
  if [ "$1" -lt 1000 ] && [ $(($1 % 100)) -ne 0 ]; then
    printf '$%s' "$(money "$1")"
  else
    local cents=$((($1 + 50) / 100))
    printf '$%d.%02d' $((cents / 100)) $((cents % 100))
  fi
}

disk_monthly_of() { offer "$1" && printf '%s' $((offer_disk_gb_monthly * $2)); } # GPU GB

hours_in_month=730

# for_seconds HOURLY SECONDS: what that long costs, rounded up.
for_seconds() { printf '%s' $((($1 * $2 + 3599) / 3600)); }

# price_of GPU PROVISIONING WAY_OUT DISK_GB HOURS: sets price_hourly, price_disk (a month), price_other (an hour),
# price_total (an hour with everything), price_limit (for HOURS).
price_of() {
  price_hourly=$(hourly_of "$1" "$2")
  price_disk=$(disk_monthly_of "$1" "$4")
  price_other=$address_hourly
  [ "$3" = address ] || price_other=$nat_hourly
  price_total=$((price_hourly + price_other + (price_disk + hours_in_month - 1) / hours_in_month))
  price_limit=$((price_total * $5))
}

# tell_price: what the machine that was asked for will cost; before anything is made.
tell_price() {
  price_of "$gpu" "$provisioning" "$way_out" "$disk_gb" "$hours"
  offer "$gpu"
  local note="$offer_note"
  [ "$region" = "$price_region" ] ||
    note+="${note:+; }prices of $price_region, $region may differ"
  [ "$way_out" = address ] ||
    note+="${note:+; }Cloud NAT also takes $(dollars "$nat_gib") for each GiB that is fetched"
  emit price gpu="$gpu" machine_type="$offer_type" region="$region" provisioning="$provisioning" \
    hourly:="$(money "$price_hourly")" disk_monthly:="$(money "$price_disk")" other_hourly:="$(money "$price_other")" \
    total_hourly:="$(money "$price_total")" hours:="$hours" limit:="$(money "$price_limit")" currency=USD \
    as_of="$prices_as_of" way_out="$way_out" note="$note"
  tell '%s (%s, %s) in %s: %s an hour' "$offer_title" "$offer_type" "$provisioning" "$region" "$(dollars "$price_hourly")"
  tell '  its disk of %s GB: %s a month, also while it is stopped' "$disk_gb" "$(dollars "$price_disk")"
  if [ "$way_out" = address ]; then
    tell '  its way out is an address that nothing comes in through: %s an hour (Cloud NAT would be %s, and %s for each GiB)' \
      "$(dollars "$price_other")" "$(dollars "$nat_hourly")" "$(dollars "$nat_gib")"
  else
    tell '  its way out is Cloud NAT: %s an hour' "$(dollars "$price_other")"
  fi
  tell '  in all %s an hour; it stops by itself after %s hours, having cost at most %s%s' "$(dollars "$price_total")" \
    "$hours" "$(dollars "$price_limit")" "${note:+ ($note)}"
  tell '  list prices of %s, without taxes' "$prices_as_of"
}
