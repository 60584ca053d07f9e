# SPDX-License-Identifier: Apache-2.0
"""Turns that were taken, in a file, a line each: so that a comparison can be broken off and gone on with."""

import collections
import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Case:
    """What a table is about."""

    model: str
    size: int
    batch: int
    steps: int
    guidance: float
    prompt: str
    threads: int
    processor: str

    def grown(self, other):
        """How many times the pixels of `other` it has; nothing where it differs from that otherwise."""
        if dataclasses.replace(self, size=other.size, batch=other.batch) != other:
            return None
        return self.size**2 * self.batch / (other.size**2 * other.batch)


class Kept:
    """A turn is {"contender", "round", "operations", "peak", "started", "answers"}; or {"contender", "too_long": how many
    seconds the pictures would have taken}."""

    def __init__(self, file):
        self.file, self.turns = file, collections.defaultdict(list)
        if file.is_file():
            for line in file.read_text().splitlines():
                turn = json.loads(line)
                self.turns[Case(**turn.pop("case"))].append(turn)

    def add(self, case, turn):
        self.turns[case].append(turn)
        with self.file.open("a") as file:
            file.write(json.dumps({"case": dataclasses.asdict(case), **turn}) + "\n")

    def drawn(self, case):
        """For each contender its turns, by their round."""
        found = collections.defaultdict(dict)
        for turn in self.turns[case]:
            if "answers" in turn:
                found[turn["contender"]][turn["round"]] = turn
        return found

    def least_seconds(self, case, contender):
        """What the pictures of a case take at least, by the most like it that were drawn or broken off: more pixels
        take at least as many times longer."""
        found = []
        for other, turns in self.turns.items():
            times = case.grown(other)
            for turn in turns:
                if times is not None and times >= 1 and turn["contender"] == contender:
                    seconds = turn["too_long"] if "too_long" in turn else turn["answers"][1]["draw_seconds"]
                    found.append((times, times * seconds))
        return min(found, default=(0, 0))[1]
