# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Removing all that was made for a machine, and looking again whether anything is left. Sourced.

# leftovers: rows "KIND|NAME|PLACE|EXTRA" of all that belongs to the machine, in every zone and region, in the order in
# which it can be removed. What carries labels is found by them, the rest by its name and its mark.
leftovers() {
  local by_label="--filter=labels.easel=$machine" by_mark
  rows_of machine compute instances list "$by_label" '--format=value[separator="|"](name,zone.basename(),labels.easel_gpu)'
  rows_of disk compute disks list "$by_label" '--format=value[separator="|"](name,zone.basename(),sizeGb)'
  [ -n "$keep_images" ] ||
    rows_of image compute images list --no-standard-images "$by_label" '--format=value[separator="|"](name,status,diskSizeGb)'
  by_mark="description=\"$mark\""
  rows_of schedule compute resource-policies list "--filter=name~^$machine-until- AND $by_mark" '--format=value[separator="|"](name,region.basename())'
  rows_of firewall compute firewall-rules list "--filter=name~^$machine- AND $by_mark" '--format=value[separator="|"](name,network.basename())'
  rows_of router compute routers list "--filter=name=$machine-router AND $by_mark" '--format=value[separator="|"](name,region.basename())'
  rows_of subnet compute networks subnets list "--filter=name=$net AND $by_mark" '--format=value[separator="|"](name,region.basename())'
  rows_of network compute networks list "--filter=name=$net AND $by_mark" '--format=value[separator="|"](name,autoCreateSubnetworks)'
  rows_of secret secrets list "$by_label" '--format=value[separator="|"](name.basename(),createTime)'
  rows_of account iam service-accounts list "--filter=email=$(sa_email) AND $by_mark" '--format=value[separator="|"](email,uniqueId)'
}

# rows_of KIND COMMAND...: its rows with the kind before them. A service that is switched off has nothing.
rows_of() {
  local kind=$1 rows row
  shift
  rows=$(try "$@") || complains 'SERVICE_DISABLED|has not been used|not enabled' || explain
  while IFS= read -r row; do
    [ -z "$row" ] || printf '%s|%s\n' "$kind" "$row"
  done <<<"$rows"
}

# describe ROW: for people, with what it costs as it is.
describe() {
  local kind name place extra
  IFS='|' read -r kind name place extra <<<"$1"
  case $kind in
    machine)
      offer "$extra" || offer l4
      printf 'the machine %s in %s (%s an hour while it runs)' "$name" "$place" "$(dollars "$(hourly_of "${extra:-l4}" "$(cheapest_lasting)")")"
      ;;
    disk) printf 'the disk %s in %s, %s GB (%s a month)' "$name" "$place" "$extra" "$(dollars $((1000 * ${extra:-0})))" ;;
    image) printf 'the image %s, %s GB (up to %s a month)' "$name" "$extra" "$(dollars $((image_gb_monthly * ${extra:-0})))" ;;
    schedule) printf 'the schedule %s (free)' "$name" ;;
    firewall) printf 'the firewall rule %s (free)' "$name" ;;
    router) printf 'the router %s in %s with its NAT (%s an hour in use)' "$name" "$place" "$(dollars "$nat_hourly")" ;;
    subnet) printf 'the subnet %s in %s (free)' "$name" "$place" ;;
    network) printf 'the network %s (free)' "$name" ;;
    secret) printf "the secret %s with the hub's token (\$0.06 a month)" "$name" ;;
    account) printf 'the service account %s (free)' "$name" ;;
  esac
}

remove() {
  local kind name place extra
  IFS='|' read -r kind name place extra <<<"$1"
  case $kind in
    machine) try compute instances delete "$name" "--zone=$place" --delete-disks=all ;;
    disk) try compute disks delete "$name" "--zone=$place" ;;
    image) try compute images delete "$name" ;;
    schedule) try compute resource-policies delete "$name" "--region=$place" ;;
    firewall) try compute firewall-rules delete "$name" ;;
    router) try compute routers delete "$name" "--region=$place" ;;
    subnet) try compute networks subnets delete "$name" "--region=$place" ;;
    network) try compute networks delete "$name" ;;
    secret) try secrets delete "$name" ;;
    account) try iam service-accounts delete "$name" ;;
  esac >/dev/null
}

take_down() {
  local rows row text='' failures='' code=internal
  if [ -n "$dry_run" ]; then
    leftovers >/dev/null
    tell 'What these find is listed, asked about, removed, and looked for again.'
    return 0
  fi
  rows=$(leftovers)
  if [ -z "$rows" ]; then
    answer 'There is nothing of %s in the project %s, and nothing of it costs anything.' "$machine" "$project"
    return 0
  fi
  while IFS= read -r row; do text+=$'\n'"  $(describe "$row")"; done <<<"$rows"
  consent down "These go for good, with the pictures and models on them:$text"$'\n'"Remove them?"
  while IFS= read -r row; do
    tell 'Removing %s' "$(describe "$row")"
    # What has gone with something else is gone.
    if remove "$row" || complains 'was not found|NOT_FOUND|notFound'; then continue; fi
    if is_offline; then
      code=network failures+=" $(cut -d'|' -f2 <<<"$row"): Google Cloud could not be reached."
    else
      failures+=" $(cut -d'|' -f2 <<<"$row"): $(complaint)"
      ! complains "permission|PERMISSION" || code=no_permission
    fi
  done <<<"$rows"
  rows=$(leftovers)
  if [ -n "$rows" ]; then
    text=
    while IFS= read -r row; do text+="${text:+, }$(describe "$row")"; done <<<"$rows"
    fail "$code" "This is left: $text.$failures" 'Run "easel-gcp down" again; what stays can be removed by hand on the page below.' \
      "https://console.cloud.google.com/home/dashboard?project=$project"
  fi
  answer 'All of %s is gone from the project %s; looked again, nothing of it is left that could cost anything.' "$machine" "$project"
}
