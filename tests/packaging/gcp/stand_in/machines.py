# SPDX-License-Identifier: Apache-2.0
"""Machines, their disks and images, the guards that stop them, and the ways in."""
import os
import re
import sys
import time

import guest
from shapes import chosen, shown
from world import seconds_of, stamp

STOCK_OUT = """ERROR: ({command}) Could not fetch resource:
---
code: ZONE_RESOURCE_POOL_EXHAUSTED{with_details}
errorDetails:
- help:
    links:
    - description: Troubleshooting documentation
      url: https://cloud.google.com/compute/docs/resource-error
- localizedMessage:
    locale: en-US
    message: A {type} VM instance is currently unavailable in the {zone} zone.{consider}
      Alternatively, you can try your request again with a different VM hardware configuration or at a later time.
- errorInfo:
    domain: compute.googleapis.com
    metadatas:
      attachment: ''
      vmType: {type}
      zone: {zone}
      zonesAvailable: {available}
    reason: resource_availability
message: The zone 'projects/pictures-1/zones/{zone}' does not have enough resources
  available to fulfill the request.  Try a different zone, or try again later."""

QUOTA = """ERROR: ({command}) Could not fetch resource:
 - Quota '{metric}' exceeded.  Limit: 0.0 {where}.
	metric name = compute.googleapis.com/{lower}
	limit name = {limit}
	limit = 0.0
Try your request in another zone, or view documentation on how to increase quotas: https://cloud.google.com/compute/quotas."""

NO_AGENT = "Compute Engine System service account service-123456789012@compute-system.iam.gserviceaccount.com needs to have [compute.instances.start,compute.instances.stop] permissions applied in order to perform this operation."


def url(zone, kind, name):
    return f"https://www.googleapis.com/compute/v1/projects/pictures-1/zones/{zone}/{kind}/{name}"


def key_of(words, options):
    return f"{options['zone']}/{words[1]}"


def check_stock(world, zone, kind):
    stock = world.scenario.get("stock", {}).get(zone, "free")
    if stock == "free":
        return
    named = stock if isinstance(stock, list) else []
    consider = f" Consider trying your request in the {', '.join(named)} zone(s), which currently has capacity to accommodate your request." if named else ""
    world.refuse(STOCK_OUT.replace("{with_details}", "_WITH_DETAILS" if named else "").replace("{type}", kind).replace("{zone}", zone)
                 .replace("{consider}", consider).replace("{available}", ",".join(named) or "''"))


def create(world, words, options):
    name, zone = words[1], options["zone"]
    key = f"{zone}/{name}"
    if key in world.of("instances"):
        world.fail_resource(f"The resource 'projects/pictures-1/zones/{zone}/instances/{name}' already exists")
    check_stock(world, zone, options["machine-type"])
    if world.scenario.get("quota_at_creation"):
        metric = world.scenario["quota_at_creation"]
        world.refuse(QUOTA.replace("{metric}", metric).replace("{where}", "globally").replace("{lower}", metric.lower()).replace("{limit}", metric.replace("_", "-")))
    if world.scenario.get("no_addresses") and "no-address" not in options["network-interface"]:
        world.refuse(f"ERROR: ({{command}}) Could not fetch resource:\n - Constraint constraints/compute.vmExternalIpAccess violated for project 123456789012. Add instance {url(zone, 'instances', name)} to the constraint to use external IP with it.")
    for needed in ("shielded-secure-boot", "max-run-duration", "instance-termination-action", "labels"):
        if needed not in options:
            raise ValueError("a machine without --" + needed)
    subnet = re.search(r"subnet=([\w-]+)", options["network-interface"]).group(1)
    world.need("subnets", f"{zone.rsplit('-', 1)[0]}/{subnet}")
    account = world.need("service accounts", options["service-account"])
    if world.now < account["made"] + world.scenario.get("slow", 0):
        world.fail_resource(f"The resource 'projects/pictures-1/serviceAccounts/{options['service-account']}' was not found")
    interface = {"network": subnet}
    if "no-address" not in options["network-interface"]:
        interface["accessConfigs"] = [{"natIP": "203.0.113.7"}]
    machine = {
        "name": name, "zone": f"https://www.googleapis.com/compute/v1/projects/pictures-1/zones/{zone}", "status": "RUNNING",
        "machineType": url(zone, "machineTypes", options["machine-type"]), "labels": dict(each.split("=", 1) for each in options["labels"].split(",")),
        "scheduling": {"provisioningModel": options["provisioning-model"], "maxRunDuration": {"seconds": options["max-run-duration"].rstrip("s")},
                       "instanceTerminationAction": options["instance-termination-action"]},
        "networkInterfaces": [interface], "interface": options["network-interface"], "disks": [{"diskSizeGb": options["boot-disk-size"].rstrip("GB")}],
        "description": options["description"], "lastStartTimestamp": stamp(world.now), "image": options.get("image") or options.get("image-family"),
        "metadata": metadata_of(options)}
    world.make("instances", key, machine)
    world.make("disks", key, {"name": name, "zone": machine["zone"], "sizeGb": options["boot-disk-size"].rstrip("GB")})
    guest.boots(world, machine)


def metadata_of(options):
    metadata = dict(each.split("=", 1) for each in options.get("metadata", "").split(",") if each)
    for each in options.get("metadata-from-file", "").split(","):
        name, _, path = each.partition("=")
        with open(path) as file:
            if len(file.read()) > 256 * 1024:
                raise ValueError("more than fits into metadata")
        metadata[name] = path
    return metadata


def stop(world, machine, why):
    if machine["status"] != "RUNNING":
        return
    machine.update(status="TERMINATED", lastStopTimestamp=stamp(world.now))
    if why != "asked":
        operations = world.of("operations")
        operations[str(len(operations) + 1)] = {"operationType": why, "targetLink": url(machine["zone"].rsplit("/", 1)[1], "instances", machine["name"]), "insertTime": stamp(world.now)}


def time_passes(world):
    """Whatever has stopped a machine in the meantime."""
    for key, machine in list(world.of("instances").items()):
        if machine["status"] != "RUNNING" or machine.get("foreign"):
            continue
        began = seconds_of(machine["lastStartTimestamp"])
        ends = {began + int(machine["scheduling"]["maxRunDuration"]["seconds"]): "compute.instances.terminateOnTimeout"}
        for policy in machine.get("resourcePolicies", []):
            day = policy.rsplit("-until-", 1)[1]
            ends[seconds_of(f"{day[:4]}-{day[4:6]}-{day[6:8]}T{day[9:11]}:{day[11:13]}:00") - 8 * 3600] = "compute.instances.stop"
        if "preempted_after" in world.scenario:
            ends[began + world.scenario["preempted_after"]] = "compute.instances.preempted"
        if "idle_after" in world.scenario:
            ends[began + world.scenario["idle_after"]] = "compute.instances.guestTerminate"
        first = min(ends)
        if world.now >= first:
            if machine["scheduling"]["instanceTerminationAction"] == "DELETE":
                del world.of("instances")[key]
                del world.of("disks")[key]
                continue
            now, world.now = world.now, first
            stop(world, machine, ends[first])
            world.now = now


def instances(world, words, options):
    verb = words[0]
    if verb == "list":
        return shown(chosen(list(world.of("instances").values()), options.get("filter")), options["format"])
    if verb == "create":
        return create(world, words, options)
    machine = world.need("instances", key_of(words, options), changes=verb != "get-guest-attributes")
    if verb == "delete":
        world.remove("instances", key_of(words, options))
        world.remove("disks", key_of(words, options))
    elif verb == "stop":
        stop(world, machine, "asked")
    elif verb == "start":
        check_stock(world, options["zone"], "g2-standard-4")
        if machine["status"] == "TERMINATED":
            machine.update(status="RUNNING", lastStartTimestamp=stamp(world.now))
            guest.boots(world, machine)
    elif verb == "set-scheduling":
        if machine["status"] != "TERMINATED":
            world.fail_resource("Invalid value for field 'resource': 'The instance must be stopped to change its scheduling'.")
        machine["scheduling"]["maxRunDuration"] = {"seconds": options["max-run-duration"].rstrip("s")}
    elif verb == "add-labels":
        machine["labels"].update(each.split("=", 1) for each in options["labels"].split(","))
    elif verb == "add-metadata":
        machine["metadata"].update(metadata_of(options))
    elif verb == "remove-metadata":
        machine["metadata"].pop(options["keys"], None)
    elif verb == "add-iam-policy-binding":
        machine["agent"] = world.now
    elif verb == "add-resource-policies":
        attach(world, machine, options)
    elif verb == "remove-resource-policies":
        machine["resourcePolicies"] = [each for each in machine["resourcePolicies"] if not each.endswith("/" + options["resource-policies"])]
    elif verb == "get-guest-attributes":
        return guest.attributes(world, machine, options)
    elif verb == "get-serial-port-output":
        return "[    0.000000] Linux version 6.14.0-1017-gcp\n[   12.000000] google_metadata_script_runner: startup-script: easel: driver running"
    return ""


def attach(world, machine, options):
    region = machine["zone"].rsplit("/", 1)[1].rsplit("-", 1)[0]
    name = options["resource-policies"]
    world.need("resource policies", f"{region}/{name}")
    if machine.get("resourcePolicies"):
        world.fail_resource("Invalid value for field 'resource.resourcePolicies': An instance schedule is already attached to this instance.")
    agent = world.scenario.get("agent", "after binding")
    if agent == "never" or (agent == "after binding" and world.now < machine.get("agent", world.now) + 15):
        world.fail_resource(NO_AGENT)
    machine["resourcePolicies"] = [f"https://www.googleapis.com/compute/v1/projects/pictures-1/regions/{region}/resourcePolicies/{name}"]


def disks(world, words, options):
    if words[0] == "list":
        return shown(chosen(list(world.of("disks").values()), options.get("filter")), options["format"])
    if words[0] == "delete":
        world.remove("disks", key_of(words, options))
    else:
        world.need("disks", key_of(words, options), changes=True).setdefault("labels", {}).update(each.split("=", 1) for each in options["labels"].split(","))
    return ""


def images(world, words, options):
    if words[0] == "list":
        things = sorted(chosen(list(world.of("images").values()), options.get("filter")), key=lambda each: each["name"], reverse=True)
        return shown(things[: int(options.get("limit", 99))], options["format"])
    if words[0] == "delete":
        world.remove("images", words[1])
        return ""
    machine = world.need("instances", f"{options['source-disk-zone']}/{options['source-disk']}")
    if machine["status"] != "TERMINATED":
        world.fail_resource(f"The disk resource '{options['source-disk']}' is already being used by '{machine['name']}'")
    world.make("images", words[1], {"name": words[1], "status": "READY", "diskSizeGb": machine["disks"][0]["diskSizeGb"],
                                    "labels": dict(each.split("=", 1) for each in options["labels"].split(",")), "guest": machine["guest"]})
    return ""


def operations(world, words, options):
    return shown(chosen(list(world.of("operations").values()), options.get("filter"))[-1:], options["format"])


def reach(world, plain, options):
    """ssh, scp and tunnels."""
    name = plain[1] if plain[0] != "scp" else plain[2].split(":")[0]
    machine = world.need("instances", f"{options['zone']}/{name}", changes=True)
    if machine["status"] != "RUNNING":
        world.refuse("ERROR: ({command}) Error while connecting [4003: 'failed to connect to backend'].", 1)
    if "start-iap-tunnel" in plain:
        return tunnel(world, plain, options)
    if "tunnel-through-iap" not in options:
        raise ValueError("a way in that is not IAP's")
    if world.now < seconds_of(machine["lastStartTimestamp"]) + world.scenario.get("sshd_after", 20):
        world.refuse("ERROR: (gcloud.compute.start-iap-tunnel) Error while connecting [4003: 'failed to connect to backend']. (Failed to connect to port 22)\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n\nRecommendation: To check for possible causes of SSH connectivity issues and get\nrecommendations, rerun the ssh command with the --troubleshoot option.\n\nERROR: ({command}) [/usr/bin/ssh] exited with return code [255].", 255)
    if plain[0] == "scp":
        machine["guest"]["sent"] = sorted(os.listdir(plain[1]))
        return ""
    return guest.command(world, machine, options["command"])


def tunnel(world, plain, options):
    if world.scenario.get("tunnel") == "forbidden":
        world.refuse("ERROR: (gcloud.compute.start-iap-tunnel) While checking if a connection can be made: Error while connecting [4033: 'not authorized'].")
    if world.scenario.get("tunnel") == "nothing listens":
        print("Testing if tunnel connection works.", file=sys.stderr, flush=True)
        world.refuse(f"ERROR: (gcloud.compute.start-iap-tunnel) While checking if a connection can be made: Error while connecting [4003: 'failed to connect to backend']. (Failed to connect to port {plain[2]})")
    with open(os.path.join(world.folder, "tunnel.pid"), "w") as file:
        file.write(str(os.getpid()))
    world.save()
    world.let_others()
    print("Testing if tunnel connection works.", file=sys.stderr, flush=True)
    # Python keeps what it prints into a file in a buffer, unless it is told not to.
    print(f"Listening on port [{options['local-host-port'].rsplit(':', 1)[1]}].", flush=os.environ.get("PYTHONUNBUFFERED") == "1")
    if world.scenario.get("tunnel") == "breaks":
        world.refuse("ERROR: ({command}) Error during local connection to [127.0.0.1:5000]: Connection reset")
    while True:
        time.sleep(60)
