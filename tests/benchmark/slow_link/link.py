# SPDX-License-Identifier: Apache-2.0
"""A slow line between two hosts of their own on this machine, packet by packet, in user space: not every kernel has
netem. Needs root, /dev/net/tun and iproute2."""

import collections
import fcntl
import os
import random
import select
import struct
import subprocess
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
MTU = 1500
QUEUE = 1000  # packets that wait in each direction; netem's own limit


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Host:
    """A network namespace with an address and one end of the line."""

    def __init__(self, name, address, peer):
        self.name, self.address, self.peer = name, address, peer
        ip("netns", "add", name)
        self.line = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.line, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
        ip("link", "set", name, "netns", name)
        ip("-n", name, "address", "add", address, "peer", peer, "dev", name)
        ip("-n", name, "link", "set", name, "mtu", str(MTU), "up")
        ip("-n", name, "link", "set", "lo", "up")

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    def use_congestion_control(self, name):
        """On the route, for a namespace may not choose what the machine keeps for its administrator."""
        ip("-n", self.name, "route", "replace", self.peer, "dev", self.name, "src", self.address, "congctl", name)

    def remove(self):
        os.close(self.line)
        subprocess.run(["ip", "netns", "delete", self.name], check=False)


class Direction(threading.Thread):
    """Carries packets one way: each waits for those before it, takes its time on the line, and arrives later."""

    def __init__(self, source, target, bits_per_second, delay, loss, seed):
        super().__init__(daemon=True)
        self.source, self.target = source, target
        self.bits_per_second, self.delay, self.loss = bits_per_second, delay, loss
        self.is_cut = False
        self.bytes = self.packets = self.lost = self.overflowed = 0
        self._dice = random.Random(seed)
        self._free_at = 0.0
        self._flying = collections.deque()  # (arrival, packet), in order
        self._ends = False

    def end(self):
        self._ends = True
        self.join()

    def run(self):
        while not self._ends:
            now = time.monotonic()
            while self._flying and self._flying[0][0] <= now:
                packet = self._flying.popleft()[1]
                if not self.is_cut:
                    os.write(self.target, packet)
                    self.bytes += len(packet)
            wait = min(0.05, max(0.0, self._flying[0][0] - now)) if self._flying else 0.05
            if select.select([self.source], [], [], wait)[0]:
                self._take()

    def _take(self):
        try:
            packet = os.read(self.source, 65536)
        except BlockingIOError:
            return
        self.packets += 1
        now = time.monotonic()
        if self._dice.random() < self.loss:
            self.lost += 1
            return
        if len(self._flying) >= QUEUE:
            self.overflowed += 1
            return
        self._free_at = max(self._free_at, now) + len(packet) * 8 / self.bits_per_second
        self._flying.append((self._free_at + self.delay, packet))


class Line:
    """Two hosts and what is between them. `round_trip` in seconds, `loss` of 1, each way."""

    def __init__(self, bits_per_second, round_trip, loss):
        self.server = Host("easel-far", "10.213.0.1", "10.213.0.2")
        self.client = Host("easel-near", "10.213.0.2", "10.213.0.1")
        self.up = Direction(self.client.line, self.server.line, bits_per_second, round_trip / 2, loss, 1)
        self.down = Direction(self.server.line, self.client.line, bits_per_second, round_trip / 2, loss, 2)
        for direction in (self.up, self.down):
            direction.start()

    def cut(self, is_cut=True):
        self.up.is_cut = self.down.is_cut = is_cut

    def remove(self):
        for direction in (self.up, self.down):
            direction.end()
        for host in (self.server, self.client):
            host.remove()
