# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# Whether the project may have a GPU at all, and asking Google for one. Sourced.
#
# Two limits must leave room for one more: that of all regions, and that of the GPU's kind in the region, which for
# Spot is another one. Newer kinds are counted by family; those limits only the Quotas API tells.

# limit_and_use METRIC ROWS: "LIMIT USE" of a metric, as whole numbers; nothing where the metric is not in the rows.
limit_and_use() {
  local metric limit used
  while IFS=, read -r metric limit used; do
    if [ "$metric" = "$1" ]; then
      printf '%s %s' "${limit%%.*}" "${used%%.*}"
      return 0
    fi
  done <<<"$2"
}

# family_limit: the same of a family, without its use.
family_limit() {
  local rows where family value
  rows=$(ask beta quotas info describe "$(quota_id)" --service=compute.googleapis.com \
    '--flatten=dimensionsInfos[]' \
    '--format=csv[no-heading](dimensionsInfos.dimensions.region,dimensionsInfos.dimensions.gpu_family,dimensionsInfos.details.value)')
  while IFS=, read -r where family value; do
    if [ "$where" = "$region" ] && [ "$family" = "$offer_family" ]; then
      printf '%s 0' "${value:-0}"
      return 0
    fi
  done <<<"$rows"
  printf '0 0'
}

quota_id() {
  if [ "$provisioning" = spot ]; then printf 'PREEMPTIBLE-%s' "$offer_quota"; else printf '%s' "$offer_quota"; fi
}

# room METRIC ROWS: whether one more fits. A metric that is not listed is left to the creation to tell.
room() {
  local both
  both=$(limit_and_use "$1" "$2")
  [ -z "$both" ] || [ $((${both% *} - ${both#* })) -ge 1 ]
}

check_quota() {
  stage quota running
  offer "$gpu"
  local global regional metric=$offer_metric short=() both
  global=$(ask compute project-info describe '--flatten=quotas[]' '--format=csv[no-heading](quotas.metric,quotas.limit,quotas.usage)')
  room GPUS_ALL_REGIONS "$global" || short+=(GPUS-ALL-REGIONS-per-project)
  if [ -n "$metric" ]; then
    [ "$provisioning" != spot ] || metric=PREEMPTIBLE_$metric
    regional=$(ask compute regions describe "$region" '--flatten=quotas[]' '--format=csv[no-heading](quotas.metric,quotas.limit,quotas.usage)')
    room "$metric" "$regional" || short+=("$(quota_id)")
  else
    both=$(family_limit)
    [ -n "$dry_run" ] || [ "${both% *}" -ge 1 ] || short+=("$(quota_id)")
  fi
  local id
  for id in "${short[@]}"; do ask_for_quota "$id" "$global"; done
  stage quota 'done' "room for one $offer_title"
}

# What the person sees on Google's page as the reason; the form wants one in words.
quota_reason() {
  printf 'I run a Stable Diffusion server (Easel) on one virtual machine with one %s for drawing pictures interactively. One GPU in %s is enough; the machine stops by itself when it is idle and after at most %s hours.' \
    "$offer_title" "$region" "$hours"
}

# ask_for_quota ID GLOBAL_ROWS: asks for one more of it, once, and waits for the answer.
ask_for_quota() {
  local id=$1 name dimensions=() row reconciling granted detail wanted=1
  name="easel-${id,,}"
  if [ "$id" = GPUS-ALL-REGIONS-per-project ]; then
    local both
    both=$(limit_and_use GPUS_ALL_REGIONS "$2")
    wanted=$((${both#* } + 1))
  else
    name+="-$region"
    dimensions=("--dimensions=region=$region${offer_family:+,gpu_family=$offer_family}")
  fi
  [ -z "$no_quota_request" ] || quota_is_zero "The quota $id leaves no room for a GPU."
  row=$(quota_answer "$name")
  if [ -z "$row" ]; then
    stage quota waiting "the quota $id leaves no room; asking Google for $wanted"
    if ! try beta quotas preferences create --service=compute.googleapis.com "--quota-id=$id" \
      "--preferred-value=$wanted" "${dimensions[@]}" "--preference-id=$name" "--email=$account" \
      "--justification=$(quota_reason)" >/dev/null; then
      # A request that was made in the meantime is as good.
      complains 'ALREADY_EXISTS|already exists' ||
        if complains 'usage history|NOT_ENOUGH_USAGE_HISTORY|free trial|INVALID_ARGUMENT|FAILED_PRECONDITION'; then
          quota_refused "$id" "$(complaint)"
        else
          explain
        fi
    fi
    row=$(quota_answer "$name")
  fi
  local until=$(($(now) + wait_quota * 60))
  while :; do
    IFS='|' read -r reconciling granted detail <<<"$row"
    [ "${granted:-0}" -lt "$wanted" ] || return 0
    [ "${reconciling,,}" = true ] || quota_refused "$id" "$detail"
    [ "$(now)" -lt "$until" ] || quota_pending "$id"
    stage quota waiting "Google has the request for $id and has not decided yet"
    pause 30
    row=$(quota_answer "$name")
  done
}

# quota_answer NAME: "reconciling|granted|detail" of a request; nothing without one.
quota_answer() {
  ask beta quotas preferences list "--filter=name~/$1\$" \
    '--format=value[separator="|"](reconciling,quotaConfig.grantedValue,quotaConfig.stateDetail)'
}

quota_page() { printf 'https://console.cloud.google.com/iam-admin/quotas?project=%s' "$project"; }

quota_is_zero() {
  fail quota_zero "The project $project may have no such GPU: ${1%.}." \
    "Ask for it on the quota page, with this text: \"$(offer "$gpu" && quota_reason)\" Then run this again." "$(quota_page)"
}

quota_pending() {
  fail quota_pending "Google has not decided yet whether the project $project may have the GPU ($1). It can take from minutes to two working days." \
    'Run the same command later: it looks at this request and goes on. Google also writes to the address of the account. Nothing that costs anything was made.' "$(quota_page)"
}

quota_refused() {
  fail quota_refused "Google refuses the quota $1: ${2:-it gives no reason.}" \
    'New projects and free trials are refused at first. Change to a paid account, use other services of the project for some days, or ask Google Cloud Sales; another GPU or --spot has a quota of its own. Then ask again on the quota page. Nothing that costs anything was made.' \
    "$(quota_page)"
}
