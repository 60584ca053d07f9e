# SPDX-License-Identifier: Apache-2.0
"""What there is in the stand-in's project, and what is to go wrong."""
import calendar
import fcntl
import json
import os
import time

NOT_LOGGED_IN = """ERROR: ({command}) You do not currently have an active account selected.
Please run:

  $ gcloud auth login

to obtain new credentials.

If you have already logged in with a different account, run:

  $ gcloud config set account ACCOUNT

to select an already authenticated account to use."""

OFFLINE = """ERROR: ({command}) There was a problem refreshing your current auth tokens: HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Max retries exceeded with url: /token (Caused by NameResolutionError("<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to resolve 'oauth2.googleapis.com' ([Errno -3] Temporary failure in name resolution)"))
Please run:

  $ gcloud auth login

to obtain new credentials."""

API_DISABLED = """ERROR: ({command}) Could not fetch resource:
 - {title} has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/{service}/overview?project=123456789012 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."""


class Refused(Exception):
    def __init__(self, text, status=1):
        super().__init__(text)
        self.text = text
        self.status = status


def stamp(seconds):
    """As Compute Engine writes times: in Pacific time, with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000-08:00", time.gmtime(seconds - 8 * 3600))


def seconds_of(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + 8 * 3600


class World:
    """A project as nested dictionaries: kind -> name or zone/name -> what the API would tell of it."""

    def __init__(self, folder):
        self.folder = folder
        # One call at a time: the app looks at its machines while something is done to one of them.
        self.lock = open(os.path.join(folder, "lock"), "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        with open(os.path.join(folder, "world.json")) as file:
            self.data = json.load(file)
        self.scenario = self.data["scenario"]
        with open(os.path.join(folder, "clock")) as file:
            self.now = float(file.read())

    def save(self):
        for name, text in (("world.json", json.dumps(self.data, indent=1)), ("clock", str(self.now))):
            path = os.path.join(self.folder, name)
            with open(path + ".part", "w") as file:
                file.write(text)
            os.replace(path + ".part", path)

    def let_others(self):
        self.lock.close()

    def begin(self, words):
        """Counts the call; answers its number, from 1."""
        self.now += 1
        self.words = words
        self.data["calls"].append(words)
        return len(self.data["calls"])

    def broken_line(self):
        return OFFLINE.format(command=self.command())

    def breaks_before(self, call):
        return self.scenario.get("break_before") == call

    def is_offline(self):
        begins, ends = self.scenario.get("offline", (0, 0))
        return begins <= self.now < ends

    def breaks_after(self, call):
        """The network fails when it is done: the answer does not arrive."""
        return self.scenario.get("break_after") == call

    def command(self):
        words = []
        for word in self.words:
            if word.startswith("-") or not word.replace("-", "").isalpha():
                break
            words.append(word)
        return "gcloud." + ".".join(words)

    def refuse(self, text, status=1):
        raise Refused(text.format(command=self.command()) if "{command}" in text else text, status)

    def fail_resource(self, reason):
        """As commands of Compute Engine fail."""
        raise Refused(f"ERROR: ({self.command()}) Could not fetch resource:\n - {reason}\n")

    def of(self, kind):
        return self.data["things"].setdefault(kind, {})

    def make(self, kind, key, thing):
        if key in self.of(kind):
            self.fail_resource(f"The resource 'projects/pictures-1/{kind}/{key}' already exists")
        thing.setdefault("creationTimestamp", stamp(self.now))
        self.of(kind)[key] = thing
        self.data["made"].append([kind, key])

    def need(self, kind, key, changes=False):
        thing = self.of(kind).get(key)
        if thing is None:
            self.fail_resource(f"The resource 'projects/pictures-1/{kind}/{key}' was not found")
        if changes:
            self.must_be_ours(kind, key, thing)
        return thing

    def must_be_ours(self, kind, key, thing):
        if thing.get("foreign"):
            self.data["violations"].append([kind, key, self.words])

    def remove(self, kind, key):
        thing = self.need(kind, key, changes=True)
        if kind in self.scenario.get("undeletable", []):
            self.fail_resource(f"The {kind} resource 'projects/pictures-1/{kind}/{key}' is already being used by another resource")
        del self.of(kind)[key]
        return thing

    def check_access(self, service, title, permission):
        if self.scenario.get("logged_out"):
            self.refuse(NOT_LOGGED_IN)
        is_unknown = service == "compute.googleapis.com" and self.now < self.data.get("compute_known", 0)
        if service not in self.data["services"] or is_unknown:
            self.refuse(API_DISABLED.replace("{title}", title).replace("{service}", service))
        command = " ".join(self.words)
        for denied in self.scenario.get("denied", []):
            if command.startswith(denied):
                self.fail_resource(f"Required '{permission}' permission for 'projects/pictures-1'")
