# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # names are shared with the other parts
# An image of the machine's disk with driver, package and model, from which "up" starts in a minute or two. Sourced.
#
# Keys and the certificate on the disk go into the image; a machine that finds itself with another's makes its own
# before its server starts (guest/startup.sh). The image stays in the project.

bake_image() {
  need_machine
  local rows old was_running='' image
  image=$machine-$(date -u -d "@$(now)" +%Y%m%d-%H%M%S)
  [ -n "$dry_run" ] || [ "$m_provisioning" != flex ] ||
    fail bad_argument 'The disk of a Flex-start machine cannot be kept: it may not be stopped first.' 'Bake one that is not Flex-start.'
  if [ -z "$dry_run" ]; then
    case $m_state in
      running) was_running=yes ;;
      stopped | preempted) ;;
      *) fail not_ready "$machine is just $m_state." 'Wait a minute, then run this again.' ;;
    esac
    if [ "$m_state" = running ]; then
      guest_says
      [ "$g_stage $g_state" = 'ready done' ] ||
        fail not_ready "The server on $machine is not ready, and half of it would be in the image." 'Run "easel-gcp up" until it is.'
    fi
  fi
  consent bake "An image of ${m_disk_gb:-60} GB costs up to $(dollars $((image_gb_monthly * ${m_disk_gb:-60}))) a month, as long as it is kept. $machine is stopped while it is made${was_running:+ and started again after that}. Make it?"
  rows=$(ask compute images list --no-standard-images "--filter=labels.easel=$machine" '--format=value(name)')
  [ "${m_state:-running}" != running ] || { tell 'Stopping %s' "$machine"; act compute instances stop "$machine" "--zone=$zone"; }
  tell 'Making the image %s' "$image"
  act compute images create "$image" "--source-disk=$machine" "--source-disk-zone=$zone" "--labels=easel=$machine" \
    "--description=$mark" "--storage-location=$region"
  for old in $rows; do
    tell 'Removing the older image %s' "$old"
    act compute images delete "$old"
  done
  [ -z "$was_running" ] || start_again
  answer 'The image %s is there; "easel-gcp up" begins with it.' "$image"
}
