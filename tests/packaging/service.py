#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a service of an installed tree as systemd would, where no systemd runs.

    service.py TREE UNIT

Takes user, ExecStartPre= and ExecStart= from TREE's unit file, starts them in TREE, and holds the service to its word
for Type=notify: READY=1 in time, WATCHDOG=1 often enough, STOPPING=1 and an end after SIGTERM. Prints "ready" when it
is, and ends with the service. Sandbox settings are not applied; `systemd-analyze security` judges those.
"""
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import time

NOTIFY = "run/easel-test-notify"


class Unit:
    """What this program needs of a unit file; a key may stand several times."""

    def __init__(self, path):
        self.keys = {}
        for line in path.read_text().splitlines():
            if "=" in line and not line.startswith(("#", "[")):
                key, value = line.split("=", 1)
                self.keys.setdefault(key, []).append(value)

    def commands(self, key):
        return [value.split() for value in self.keys.get(key, [])]

    def one(self, key):
        return self.keys[key][-1]


def account_of(tree, name):
    for line in (tree / "etc/passwd").read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2]), int(fields[3]), fields[5]
    sys.exit(f"service: {tree} has no account {name}")


class Service:
    def __init__(self, tree, unit):
        self.tree = tree
        self.unit = unit
        self.uid, self.gid, self.home = account_of(tree, unit.one("User"))
        self.watchdog = int(unit.one("WatchdogSec"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (tree / NOTIFY).unlink(missing_ok=True)
        self.socket.bind(str(tree / NOTIFY))
        os.chown(tree / NOTIFY, self.uid, self.gid)

    def start(self, command):
        def enter():
            os.chroot(self.tree)
            os.chdir(self.home)
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            os.umask(int(self.unit.one("UMask"), 8))

        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": self.home,
            "USER": self.unit.one("User"),
            "NOTIFY_SOCKET": "/" + NOTIFY,
            "WATCHDOG_USEC": str(self.watchdog * 1_000_000),
        }
        return subprocess.Popen(command, preexec_fn=enter, env=environment, start_new_session=True)

    def messages(self, seconds):
        """Lines that the service has sent, for so long as nothing came."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return []
        return self.socket.recv(65536).decode().splitlines()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tree = pathlib.Path(sys.argv[1])
    unit = Unit(tree / "lib/systemd/system" / sys.argv[2])
    service = Service(tree, unit)
    for command in unit.commands("ExecStartPre"):
        if service.start(command).wait() != 0:
            sys.exit(f"service: {' '.join(command)} failed")
    process = service.start(unit.commands("ExecStart")[0])
    stop_by = None

    def stop(*_):
        nonlocal stop_by
        stop_by = time.monotonic() + int(unit.one("TimeoutStopSec"))
        process.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ready = stopping = False
    pinged = time.monotonic()
    start_by = pinged + int(unit.one("TimeoutStartSec"))
    pings = 0
    while process.poll() is None:
        for message in service.messages(0.2):
            if message == "READY=1" and not ready:
                ready = True
                print("ready", flush=True)
            elif message == "STOPPING=1":
                stopping = True
            elif message == "WATCHDOG=1":
                pings += 1
            elif message.startswith("STATUS="):
                print(message, flush=True)
            pinged = time.monotonic()
        now = time.monotonic()
        complaint = None
        if not ready and now > start_by:
            complaint = "was not ready in time"
        elif ready and not stop_by and now - pinged > service.watchdog:
            complaint = f"has not been heard of for {service.watchdog} s"
        elif stop_by and now > stop_by:
            complaint = "did not stop in time"
        if complaint:
            process.kill()
            sys.exit(f"service: it {complaint}")
    for message in service.messages(0):
        stopping = stopping or message == "STOPPING=1"
    print(f"ended with {process.returncode}, {pings} pings", flush=True)
    if process.returncode != 0 or not ready or (stop_by and not stopping):
        sys.exit(f"service: status {process.returncode}, ready {ready}, told that it stops: {stopping}")


main()
