# SPDX-License-Identifier: Apache-2.0
"""Draws in turn, and keeps what it took."""

import os
import pathlib
import struct
import sys
import time
import zlib

import contenders
import sides
from kept import Case


class OutOfTime(Exception):
    """No turn may begin any more."""


def write_gradient(path, size):
    """A picture to encode, as PNG."""
    levels = [255 * i // size for i in range(size)]
    rows = b"".join(b"\0" + bytes(value for x in levels for value in (x, y, 128)) for y in levels)
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts))


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


class Comparison:
    """Of one model."""

    def __init__(self, given, model, chosen, kept, deadline):
        self.given, self.model, self.kept, self.deadline = given, model, kept, deadline
        self.folder = given.folder / f"{model.name}-{zlib.crc32(str(model.resolve()).encode()):08x}"
        self.folder.mkdir(exist_ok=True)
        cache = {"TORCHINDUCTOR_CACHE_DIR": str(self.folder.resolve() / "torch.compile")}
        counts = {"OMP_NUM_THREADS": str(given.threads), "MKL_NUM_THREADS": str(given.threads)}
        self.environment = {**os.environ, **cache, **counts}
        self.failed, self.operations, self.warm, self.chosen = {}, {}, False, {}
        for name, contender in chosen.items():
            why = contenders.unfit(contender, model)
            if why:
                print(f"compare_speed: {name} is left out of {model}: {why}", file=sys.stderr)
            else:
                self.chosen[name] = contender

    def case(self, size, batch):
        given = self.given
        return Case(str(self.model), size, batch, given.steps, given.guidance, given.prompt, given.threads, processor())

    def ask(self, command, requests, enough=lambda answers: False):
        """The answers, and when the process was started; nothing is asked after an error, or when there are enough."""
        started = time.clock_gettime(time.CLOCK_MONOTONIC)
        side = sides.Side(command, environment=self.environment)
        answers = []
        for request in requests:
            try:
                side.ask(request)
                answers.append(side.answer())
            except BrokenPipeError:
                answers.append({"error": f"ended with {side.process.wait()}"})
            if "error" in answers[-1] or enough(answers):
                break
        try:
            side.close()
        except BrokenPipeError:
            side.process.wait()
        return answers, started

    def machine(self, request):
        (answer,), _ = self.ask([sys.executable, contenders.HERE / "machine.py"], [request])
        if "error" in answer:
            sys.exit(f"compare_speed: machine.py: {answer['error']}")
        return answer

    def requests(self, case, compiles):
        """A first picture of one step, the one that counts, and one that begins with a picture: twice where the first
        of them is compiled for."""
        settings = {"prompt": case.prompt, "negative_prompt": "", "width": case.size, "height": case.size,
                    "count": case.batch, "steps": case.steps, "guidance": case.guidance, "sampler": "euler",
                    "schedule": "default", "seed": 42}
        picture = self.folder / f"{case.size}.png"
        if not picture.exists():
            write_gradient(picture, case.size)
        asked = {"folder": str(self.model.resolve()), "settings": settings, "others": [],
                 "output": str(self.folder / "stages.safetensors")}
        # Easel remembers prompts, so what counts has others than the picture before it.
        other = {"prompt": "something else", "negative_prompt": "nothing", "steps": 1}
        begun = asked | {"settings": settings | {"steps": 1, "init_image": "picture", "strength": 1.0},
                         "others": [{"kind": "input", "name": "picture", "path": str(picture.resolve())}]}
        return [asked | {"settings": settings | other}, asked, begun, *([begun] if compiles else [])]

    def prepare(self):
        """So that who loads first finds the files in memory, as all others do; and what a step of each case takes."""
        if not self.warm:
            self.warm = True
            for path in self.model.rglob("*.safetensors"):
                with path.open("rb") as file:
                    while file.read(1 << 20):
                        pass
            self.operations = self.machine({"folder": str(self.model.resolve()), "sizes": self.given.sizes,
                                            "batches": self.given.batch})

    def turn(self, name, case, number, peak):
        contender, limit = self.chosen[name], self.given.at_most

        def seconds(answers):
            """Of the pictures that count, by a first one."""
            first = answers[0]
            return first.get("text_seconds", 0) + first["step_seconds"][0] * case.steps + first["decode_seconds"]

        def enough(answers):
            return bool(limit) and not contender.compiles and len(answers) == 1 and seconds(answers) > limit

        command = contenders.command(contender, self.given.easel_stages, self.given.sdcpp_python, self.folder.resolve())
        answers, started = self.ask(command, self.requests(case, contender.compiles), enough)
        if "error" in answers[-1]:
            self.fail(name, case, answers[-1]["error"])
        elif len(answers) == 1:
            self.kept.add(case, {"contender": name, "too_long": seconds(answers)})
        elif answers[1].get("pictures", 1) != case.batch:
            self.fail(name, case, f"it drew {answers[1]['pictures']} of {case.batch} pictures")
        else:
            self.kept.add(case, {"contender": name, "round": number, "peak": peak, "started": started,
                                 "operations": self.operations[f"{case.size} {case.batch}"], "answers": answers})

    def fail(self, name, case, why):
        self.failed[name, case] = why
        print(f"{name} failed: {why}", file=sys.stderr)

    def too_long(self, name, case):
        """How many seconds its pictures would take, if that is too much."""
        seconds = self.kept.least_seconds(case, name)
        return seconds if self.given.at_most and seconds > self.given.at_most else 0

    def left(self, case, number):
        """Who is still to draw in a round."""
        drawn = self.kept.drawn(case)
        return [name for name in self.chosen if number not in drawn[name] and (name, case) not in self.failed
                and not self.too_long(name, case)]

    def compare(self, case):
        for number in range(self.given.repeat):
            peak = None
            for name in self.left(case, number):
                if (name, case) in self.failed or self.too_long(name, case):
                    continue
                if self.deadline and time.monotonic() > self.deadline:
                    raise OutOfTime
                self.prepare()
                if not contenders.convert(self.chosen[name], self.model, self.folder):
                    self.fail(name, case, f"{self.chosen[name].converter} could not convert the model")
                    continue
                peak = peak or self.machine({"peak": True})
                print(f"{self.model}, {case.size}, batch {case.batch}, round {number + 1} of {self.given.repeat}: {name}",
                      file=sys.stderr)
                self.turn(name, case, number, peak)
