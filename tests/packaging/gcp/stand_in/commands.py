# SPDX-License-Identifier: Apache-2.0
"""gcloud's commands, as far as easel-gcp uses them. What is not here is an unknown command."""
import re

import machines
from shapes import chosen, shown
from world import Refused

SERVICE_TITLES = {"compute.googleapis.com": "Compute Engine API", "iam.googleapis.com": "Identity and Access Management (IAM) API",
                  "secretmanager.googleapis.com": "Secret Manager API", "cloudquotas.googleapis.com": "Cloud Quotas API"}


def split(words):
    """Positional words, and options as a dictionary; a value may follow in the same word only, but for none."""
    plain, options = [], {}
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            options[name] = value
        else:
            plain.append(word)
    return plain, options


def listing(world, kind, options, key_filter=lambda key, thing: True):
    things = [thing for key, thing in sorted(world.of(kind).items()) if key_filter(key, thing)]
    things = chosen(things, options.get("filter"))
    if options.get("sort-by") == "~creationTimestamp":
        things.sort(key=lambda each: each["creationTimestamp"], reverse=True)
    if "limit" in options:
        things = things[: int(options["limit"])]
    return shown(things, options.get("format"))


def described(options):
    return {"description": options["description"]} if options.get("description") else {}


def labels_of(options):
    return dict(each.split("=", 1) for each in options.get("labels", "").split(",") if each)


def config(world, plain, options):
    if plain[2] == "account":
        return "" if world.scenario.get("logged_out") else "ada@example.com"
    return world.scenario.get("project", "pictures-1")


def projects(world, plain, options):
    if world.scenario.get("logged_out"):
        world.check_access("", "", "")
    if plain[1] == "list":
        return shown(world.data["projects"], options["format"])
    known = {each["projectId"]: each for each in world.data["projects"]}
    if plain[2] not in known:
        world.refuse(f"ERROR: ({{command}}) [ada@example.com] does not have permission to access projects instance [{plain[2]}] (or it may not exist): The caller does not have permission. This command is authenticated as ada@example.com which is the active account specified by the [core/account] property")
    return shown([known[plain[2]]], options["format"])


def billing(world, plain, options):
    state = world.scenario.get("billing", True)
    if state == "hidden":
        world.refuse("ERROR: ({command}) PERMISSION_DENIED: The caller does not have permission. This command is authenticated as ada@example.com which is the active account specified by the [core/account] property")
    return str(bool(state))


def services(world, plain, options):
    if plain[1] == "list":
        return "\n".join(world.data["services"])
    if world.scenario.get("billing") is False or world.scenario.get("billing_closed"):
        world.refuse("ERROR: ({command}) FAILED_PRECONDITION: Billing account for project '123456789012' is not found. Billing must be enabled for activation of service(s) 'compute.googleapis.com' to proceed.\nHelp Token: Aabcdef\n- '@type': type.googleapis.com/google.rpc.PreconditionFailure\n  violations:\n  - subject: ?error_code=390001&project=123456789012&services=compute.googleapis.com\n    type: googleapis.com/billing-enabled\n- '@type': type.googleapis.com/google.rpc.ErrorInfo\n  domain: serviceusage.googleapis.com/billing-enabled\n  reason: UREQ_PROJECT_BILLING_NOT_FOUND")
    if world.scenario.get("may_not_enable"):
        world.refuse("ERROR: ({command}) PERMISSION_DENIED: Permission denied to enable service [compute.googleapis.com]\nHelp Token: Aabcdef\n- '@type': type.googleapis.com/google.rpc.ErrorInfo\n  domain: serviceusage.googleapis.com\n  reason: AUTH_PERMISSION_DENIED")
    if "compute.googleapis.com" in plain:
        world.data["compute_known"] = world.now + world.scenario.get("slow", 0)
    world.data["services"] += [each for each in plain[2:] if each not in world.data["services"]]
    return "Operation \"operations/acat.p2-123456789012-1\" finished successfully."


def quota_rows(world, rows):
    things = [{"quotas": {"metric": metric, "limit": float(limit), "usage": float(used)}} for metric, (limit, used) in rows.items()]
    return things


def regions(world, plain, options):
    return shown(quota_rows(world, world.data["regional_quotas"]), options["format"])


def project_info(world, plain, options):
    return shown(quota_rows(world, world.data["global_quotas"]), options["format"])


QUOTA_METRICS = {"GPUS-ALL-REGIONS-per-project": "GPUS_ALL_REGIONS"}


def grant(world, quota, wanted):
    metric = QUOTA_METRICS.get(quota, quota.replace("-per-project-region", "").replace("-", "_"))
    for rows in (world.data["global_quotas"], world.data["regional_quotas"]):
        if metric in rows:
            rows[metric][0] = wanted
    world.data["family_quotas"] = {key: wanted for key in world.data["family_quotas"]}


def quotas(world, plain, options):
    if plain[2] == "info":
        things = [{"dimensionsInfos": {"dimensions": {"region": key.split("/")[0], "gpu_family": key.split("/")[1]}, "details": {"value": str(value)}}}
                  for key, value in world.data["family_quotas"].items()]
        return shown(things, options["format"])
    requests = world.of("quota requests")
    answer = world.scenario.get("quota_answer", "granted")
    if plain[3] == "create":
        if len(options["justification"]) < 40:
            raise ValueError("a reason that nobody would take")
        if answer == "refused at once":
            world.refuse("ERROR: ({command}) FAILED_PRECONDITION: The request was denied: NOT_ENOUGH_USAGE_HISTORY. This project does not have enough usage history for this quota increase.")
        world.make("quota requests", options["preference-id"], {
            "name": f"projects/123456789012/locations/global/quotaPreferences/{options['preference-id']}", "made": world.now,
            "quotaId": options["quota-id"], "quotaConfig": {"preferredValue": options["preferred-value"]}, "reconciling": True})
        return ""
    for each in requests.values():
        if not each["reconciling"]:
            continue
        if answer == "granted" or (isinstance(answer, (int, float)) and world.now >= each["made"] + answer):
            wanted = int(each["quotaConfig"]["preferredValue"])
            each["reconciling"] = False
            each["quotaConfig"].update(grantedValue=str(wanted), stateDetail="QUOTA_INCREASE_APPROVED")
            grant(world, each["quotaId"], wanted)
        elif answer == "refused":
            each["reconciling"] = False
            each["quotaConfig"].update(grantedValue="0", stateDetail="Unfortunately, we are unable to grant your quota request.")
    return listing(world, "quota requests", options)


def service_accounts(world, plain, options):
    world.check_access("iam.googleapis.com", SERVICE_TITLES["iam.googleapis.com"], "iam.serviceAccounts.create")
    if plain[2] == "list":
        return listing(world, "service accounts", options)
    if plain[2] == "create":
        email = f"{plain[3]}@pictures-1.iam.gserviceaccount.com"
        world.make("service accounts", email, {"email": email, "uniqueId": "1", "made": world.now, **described(options)})
    elif plain[2] == "delete":
        world.remove("service accounts", plain[3])
    return ""


def secrets(world, plain, options):
    world.check_access("secretmanager.googleapis.com", SERVICE_TITLES["secretmanager.googleapis.com"], "secretmanager.secrets.create")
    verb = plain[1]
    if verb == "versions":
        name = options.get("secret") or plain[3]
        secret = world.need("secrets", name, changes=plain[2] in ("add", "destroy"))
        enabled = [each for each in secret["versions"] if each["state"] == "ENABLED"]
        if plain[2] == "access":
            return enabled[-1]["data"].rstrip("\n")
        if plain[2] == "list":
            return shown(enabled, options["format"])
        if plain[2] == "add":
            add_version(secret, options)
        else:
            next(each for each in secret["versions"] if each["name"].endswith("/" + plain[3]))["state"] = "DESTROYED"
        return ""
    if verb == "list":
        return listing(world, "secrets", options)
    if verb == "create":
        secret = {"name": f"projects/123456789012/secrets/{plain[2]}", "labels": labels_of(options), "versions": []}
        add_version(secret, options)
        world.make("secrets", plain[2], secret)
    elif verb == "delete":
        world.remove("secrets", plain[2])
    else:
        account = world.need("service accounts", options["member"].split(":")[1])
        if world.now < account["made"] + world.scenario.get("slow", 0):
            world.refuse(f"ERROR: ({{command}}) INVALID_ARGUMENT: Service account {account['email']} does not exist.")
        world.need("secrets", plain[2], changes=True)["readers"] = [options["member"]]
    return ""


def add_version(secret, options):
    with open(options["data-file"]) as file:
        secret["versions"].append({"name": f"{secret['name']}/versions/{len(secret['versions']) + 1}", "state": "ENABLED", "data": file.read()})


def plain_resource(kind, regional=False, extra=lambda options: {}):
    """create, update, delete and list of what needs nothing more."""

    def handle(world, words, options):
        verb, rest = words[0], words[1:]
        if verb == "list":
            return listing(world, kind, options)
        key = f"{options['region']}/{rest[-1]}" if regional else rest[-1]
        if verb == "create":
            thing = {"name": rest[-1], **described(options), **extra(options)}
            if regional:
                thing["region"] = f"https://www.googleapis.com/compute/v1/projects/pictures-1/regions/{options['region']}"
            world.make(kind, key, thing)
        elif verb == "update":
            world.need(kind, key, changes=True).update(extra(options))
        elif verb == "delete":
            used = [each["name"] for each in world.of("instances").values() if kind == "networks" and f"subnet={rest[-1]}" in each["interface"]]
            used += [each for each in world.of("subnets") if kind == "networks" and each.endswith("/" + rest[-1])]
            used += [each["name"] for each in world.of("instances").values() if kind == "resource policies" and rest[-1] in str(each.get("resourcePolicies"))]
            if used:
                world.fail_resource(f"The {kind} resource '{rest[-1]}' is already being used by '{used[0]}'")
            world.remove(kind, key)
        return ""

    return handle


firewalls = plain_resource("firewall rules", extra=lambda options: {
    "network": f"https://www.googleapis.com/compute/v1/projects/pictures-1/global/networks/{options.get('network', '')}",
    "rules": options.get("rules"), "ranges": options.get("source-ranges")} if "network" in options else {"ranges": options["source-ranges"]})
networks = plain_resource("networks")
subnets = plain_resource("subnets", regional=True)
routers = plain_resource("routers", regional=True)
policies = plain_resource("resource policies", regional=True, extra=lambda options: {"stop": options.get("vm-stop-schedule"), "end": options.get("end-date")})


def nats(world, words, options):
    router = world.need("routers", f"{options['region']}/{options['router']}", changes=words[0] == "create")
    if words[0] == "list":
        return "\n".join(router.get("nats", []))
    router.setdefault("nats", []).append(words[1])
    return ""


def compute(world, plain, options):
    world.check_access("compute.googleapis.com", SERVICE_TITLES["compute.googleapis.com"], "compute.instances.create")
    machines.time_passes(world)
    group, words = plain[1], plain[2:]
    if group in ("ssh", "scp", "start-iap-tunnel"):
        return machines.reach(world, plain[1:], options)
    if group == "networks" and words[0] == "subnets":
        return subnets(world, words[1:], options)
    if group == "routers" and words[0] == "nats":
        return nats(world, words[1:], options)
    if group == "resource-policies" and words[0] == "create":
        return policies(world, ["create", words[2]], options)
    table = {"networks": networks, "routers": routers, "firewall-rules": firewalls, "resource-policies": policies,
             "regions": lambda *_: regions(world, plain, options), "project-info": lambda *_: project_info(world, plain, options),
             "machine-types": lambda *_: zones(world, "machine types", options), "accelerator-types": lambda *_: zones(world, "accelerator types", options),
             "instances": machines.instances, "disks": machines.disks, "images": machines.images, "operations": machines.operations}
    if group not in table:
        unknown(world, plain)
    return table[group](world, words, options)


def zones(world, kind, options):
    things = [{"name": name, "zone": zone} for name, there in world.data[kind].items() for zone in there]
    return shown(chosen(things, options.get("filter")), options["format"])


def unknown(world, plain):
    raise Refused(f"ERROR: (gcloud) Invalid choice: '{' '.join(plain)}'.", 2)


def run(world, words):
    plain, options = split(words)
    if options.get("project", "pictures-1") != "pictures-1" and plain[0] != "projects":
        world.refuse(f"ERROR: ({{command}}) The project property is set to the empty string, which is invalid. Project '{options['project']}' was not found.")
    table = {"config": config, "projects": projects, "billing": billing, "services": services, "beta": quotas,
             "iam": service_accounts, "secrets": secrets, "compute": compute}
    if plain[0] not in table:
        unknown(world, plain)
    if any(re.search(r"[\n\r]", word) for word in words if not word.startswith("--command")):
        raise ValueError("a line break in a word")
    return table[plain[0]](world, plain, options)
