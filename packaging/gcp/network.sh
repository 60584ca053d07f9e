# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# What stands around the machine: its own account, the token for the hub, a network that nothing gets into. Sourced.
#
# Each step looks first whether its result is there. What cannot carry a label carries $mark as its description, and
# what has the name without the mark is somebody else's and is left alone.

names_for() { # MACHINE: sets the names of all that belongs to it
  machine=$1
  mark="Made by easel-gcp for $machine"
  net=$machine-net
  sa_id=$machine-vm
  secret=$machine-hub-token
}

# Of a project of a domain, as example.com:pictures, the domain comes last.
sa_email() {
  local place=$project
  [[ $project != *:* ]] || place=${project#*:}.${project%%:*}
  printf '%s@%s.iam.gserviceaccount.com' "$sa_id" "$place"
}

# foreign WHAT NAME: somebody else's thing has the name.
foreign() {
  fail bad_argument "There is $1 called $2 that easel-gcp has not made." \
    'It is left alone. Choose another name for the machine with --name.'
}

# ours WHAT NAME ROW: ROW is "name|description" of what is there. 0: ours; 1: nothing is there.
ours() {
  [ -n "$3" ] || return 1
  [ "${3#*|}" = "$mark" ] || foreign "$1" "$2"
}

named() { printf -- '--filter=name=%s' "$1"; }
name_and_mark='--format=value[separator="|"](name,description)'

make_account() {
  stage account running
  local row
  row=$(ask iam service-accounts list "--filter=email=$(sa_email)" '--format=value[separator="|"](email,description)')
  ours 'a service account' "$(sa_email)" "$row" ||
    act iam service-accounts create "$sa_id" "--display-name=Easel machine $machine" "--description=$mark"
  [ -z "$token_file" ] || keep_token
  stage account 'done' "$(sa_email), without a role in the project"
}

# The hub's token lies in Secret Manager, where only the machine's account reads it; nowhere in the machine's
# metadata, which whoever may look at the project can read.
keep_token() {
  local row old=''
  row=$(ask secrets list "--filter=name~/secrets/$secret\$" '--format=value[separator="|"](name.basename(),labels.easel)')
  if [ -z "$row" ]; then
    act secrets create "$secret" "--data-file=$token_file" --replication-policy=automatic "--labels=easel=$machine"
  else
    [ "${row#*|}" = "$machine" ] || foreign 'a secret' "$secret"
    # Taken up again, or with another token: the newest version is the one that counts, and the older ones go.
    old=$(try secrets versions access latest "--secret=$secret") || old=
    if [ "$old" != "$(cat "$token_file")" ]; then
      local versions version
      versions=$(ask secrets versions list "$secret" '--filter=state=ENABLED' '--format=value(name.basename())')
      act secrets versions add "$secret" "--data-file=$token_file"
      for version in $versions; do act secrets versions destroy "$version" "--secret=$secret"; done
    fi
  fi
  act_when_known "$not_known_yet" secrets add-iam-policy-binding "$secret" "--member=serviceAccount:$(sa_email)" \
    --role=roles/secretmanager.secretAccessor --condition=None
}

# What IAP's tunnels come from: https://cloud.google.com/iap/docs/using-tcp-forwarding
iap_range=35.235.240.0/20

make_network() {
  stage network running
  local row
  row=$(ask compute networks list "$(named "$net")" "$name_and_mark")
  ours 'a network' "$net" "$row" ||
    act compute networks create "$net" --subnet-mode=custom "--description=$mark"
  row=$(ask compute networks subnets list "$(named "$net") AND region:$region" "$name_and_mark")
  ours 'a subnet' "$net" "$row" ||
    act compute networks subnets create "$net" "--network=$net" "--region=$region" --range=10.219.0.0/24 \
      --enable-private-ip-google-access "--description=$mark"
  row=$(ask compute firewall-rules list "$(named "$machine-iap")" "$name_and_mark")
  ours 'a firewall rule' "$machine-iap" "$row" ||
    act compute firewall-rules create "$machine-iap" "--network=$net" --direction=INGRESS --action=ALLOW \
      "--rules=tcp:22,tcp:$port" "--source-ranges=$iap_range" "--target-tags=$machine" "--description=$mark"
  [ -z "$public" ] || let_home_in
  [ "$way_out" != nat ] || make_nat
  if [ -n "$public" ]; then
    stage network 'done' "$net; $home_address alone may come in at port $port"
  else
    stage network 'done' "$net; nothing comes in but through IAP"
  fi
}

# Asks Google's name server, which answers with the address that it was asked from. bash's own UDP will do.
find_home_address() {
  local server=${EASEL_GCP_RESOLVER:-216.239.32.10/53} reply # ns1.google.com
  # o-o.myaddr.l.google.com TXT IN, with recursion desired
  reply=$(
    {
      exec 9<>"/dev/udp/$server"
      printf '\x45\x47\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03o-o\x06myaddr\x01l\x06google\x03com\x00\x00\x10\x00\x01' >&9
      timeout 5 dd bs=512 count=1 <&9 | tr -c '0-9a-fA-F.:' '\n'
    } 2>/dev/null
  ) || reply=
  grep -m1 -oE '^[0-9]{1,3}(\.[0-9]{1,3}){3}$' <<<"$reply" || true
}

# let_home_in: with --public, the one address that may come in. It follows a laptop that moves: up again changes it.
let_home_in() {
  local row
  if [ -z "$home_address" ]; then
    if [ -n "$dry_run" ]; then home_address=YOUR.ADDRESS; else home_address=$(find_home_address); fi
    [ -n "$home_address" ] ||
      fail network 'This computer could not find out the address that it has on the internet.' 'Give it with --from ADDRESS.'
  fi
  row=$(ask compute firewall-rules list "$(named "$machine-home")" "$name_and_mark")
  if ours 'a firewall rule' "$machine-home" "$row"; then
    act compute firewall-rules update "$machine-home" "--source-ranges=$home_address/32"
  else
    act compute firewall-rules create "$machine-home" "--network=$net" --direction=INGRESS --action=ALLOW \
      "--rules=tcp:$port" "--source-ranges=$home_address/32" "--target-tags=$machine" "--description=$mark"
  fi
}

make_nat() {
  local row
  row=$(ask compute routers list "$(named "$machine-router") AND region:$region" "$name_and_mark")
  ours 'a router' "$machine-router" "$row" ||
    act compute routers create "$machine-router" "--network=$net" "--region=$region" "--description=$mark"
  row=$(ask compute routers nats list "--router=$machine-router" "--region=$region" '--format=value(name)')
  [ -n "$row" ] ||
    act compute routers nats create "$machine-nat" "--router=$machine-router" "--region=$region" \
      --auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges
}
