# SPDX-License-Identifier: Apache-2.0
"""Easel and diffusers, each in a process of its own, that draw the same requests."""

import json
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Side:
    """A process that answers each line with a line; it draws what it is asked while its owner does other things."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"ended with {self.process.wait()}"}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def easel(program, device="cpu", precision="fp32", **more):
    return Side([program, device, precision], **more)


def reference(device="cpu", precision="fp32", **more):
    return Side([sys.executable, HERE / "diffusers_stages.py", device, precision], **more)


def psnr(a, b):
    error = ((a.double() - b.double()) ** 2).mean().item()
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def within_a_level(a, b):
    """The share of the channels."""
    return ((a.int() - b.int()).abs() <= 1).double().mean().item()


def last_latents(stages):
    return stages[max((name for name in stages if name.startswith("latents_")), key=lambda name: int(name.split("_")[1]))]
