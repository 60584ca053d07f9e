# SPDX-License-Identifier: Apache-2.0
"""What goes on in the machine: guest/startup.sh as easel-gcp sees it from outside."""
import base64
import re

from shapes import shown

# How many seconds each takes the first time.
STAGES = (("driver", 12), ("package", 8), ("libtorch", 8), ("model", 8), ("ready", 8))


def boots(world, machine):
    image = world.of("images").get(machine.get("image") or "")
    machine.setdefault("guest", dict(image["guest"]) if image else {"done": [], "packages": "", "complete": "", "model": ""})
    begins(machine, world.now + 10)


def begins(machine, when):
    """startup.sh reads what it is to do when it begins."""
    inside = machine["guest"]
    inside["began"] = when
    inside["metadata"] = {name: text for name, text in machine["metadata"].items() if name.startswith("easel-")}


def command(world, machine, text):
    inside = machine["guest"]
    match = re.search(r"echo (\w+) >/var/lib/easel-guest/packages/complete", text)
    if match:
        if [name.split("_")[0] for name in inside.get("sent", [])] != ["easel-server", "easel-starter-model", "easel-worker"]:
            world.refuse("cp: cannot stat 'easel-packages/*.deb': No such file or directory")
        inside["complete"] = match.group(1)
    elif "restart --no-block google-startup-scripts.service" in text:
        begins(machine, world.now + 1)
    elif "easel-server pair" in text:
        where = re.search(r"--gcp=(\S+)", text)
        address = re.search(r"--address=(\S+)", text)
        link = "easel://127.0.0.1:5000?ticket=Zm9yLXRlc3RzLW9ubHk&fingerprint=" + "0" * 64 + "&gcp=" + where.group(1) if where else \
            "easel://" + address.group(1).replace("https://", "") + "?ticket=Zm9yLXRlc3RzLW9ubHk&fingerprint=" + "0" * 64
        return '{"fingerprint":"' + "0" * 64 + '","link":"' + link + '","url":"https://127.0.0.1:5000"}'
    elif "journalctl" in text:
        return "2026-11-26T12:00:00+0000 easel easel-server[900]: Ready: https://0.0.0.0:5000"
    elif text == "rm -rf easel-packages":
        inside.pop("sent", None)
    elif text != "true":
        raise ValueError("a command that the machine does not know: " + text)
    return ""


def stage_now(world, machine):
    """"BEGAN|STAGE|STATE|DETAIL", and the end of the log when it has failed."""
    inside = machine["guest"]
    if world.now < inside["began"]:
        return inside.get("last", ""), ""
    failing = world.scenario.get("guest_fails", {})
    at = inside["began"]
    for name, seconds in STAGES:
        began = int(inside["began"])
        if name == "package":
            if not inside["complete"] and not inside["packages"] and "easel-packages" not in inside["metadata"]:
                return f"{began}|package|waiting|for the packages from your computer", ""
            seconds = 1 if inside["packages"] == inside["complete"] else seconds
        elif name == "model":
            seconds = 1 if inside["model"] == inside["metadata"]["easel-model"] else seconds
        elif name in inside["done"]:
            seconds = 1
        at += seconds
        if name in failing and world.now >= at:
            inside["failed"] = f"{began}|{name}|failed|{failing[name]['detail']}"
        if inside.get("failed", "").startswith(f"{began}|"):
            return inside["failed"], "apt: one\napt: the last line"
        if world.now < at:
            return f"{began}|{name}|running|", ""
        if name not in inside["done"]:
            inside["done"].append(name)
        if name == "package" and not (inside["packages"] and world.scenario.get("deaf")):
            inside["packages"] = inside["complete"] or "frombucket"
        if name == "ready" and not (inside.get("settings") and world.scenario.get("deaf")):
            inside["settings"] = inside["metadata"]["easel-settings"]
        if name == "model":
            inside["model"] = inside["metadata"]["easel-model"]
    return f"{began}|ready|done|", ""


def attributes(world, machine, options):
    text, log = stage_now(world, machine)
    machine["guest"]["last"] = text
    if not text:
        world.fail_resource("The resource 'easel/' of type 'Guest Attribute' was not found.")
    things = [{"namespace": "easel", "key": "stage", "value": text}]
    if machine["guest"]["packages"]:
        things.append({"namespace": "easel", "key": "packages", "value": machine["guest"]["packages"]})
    if machine["guest"].get("settings"):
        things.append({"namespace": "easel", "key": "settings", "value": machine["guest"]["settings"]})
    if log:
        things.append({"namespace": "easel", "key": "log", "value": base64.b64encode(log.encode()).decode()})
    return shown(things, options["format"])
