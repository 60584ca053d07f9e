# SPDX-License-Identifier: Apache-2.0
"""The table."""

import figures
from contenders import CONTENDERS

SECONDS = ("text", "step", "decode", "encode", "picture", "first step", "loading", "processor")
HEAD = ("contender", *SECONDS, "memory, MB", "share of peak", "step to Easel's", "picture to Easel's")


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cell(spread, factor=1.0):
    if not spread:
        return ""
    middle, least, most = (number(factor * spread[key]) for key in ("median", "min", "max"))
    return middle if least == most else f"{middle} ({least}..{most})"


def row(name, rounds):
    found, ratios = figures.of_all(list(rounds[name].values())), figures.ratios(rounds, name)
    share = cell(found.get("share"), 100)
    return [CONTENDERS[name].title, *(cell(found.get(what)) for what in SECONDS), cell(found.get("memory")),
            share and f"{share} %", cell(ratios.get("step")), cell(ratios.get("picture"))]


def table(rounds):
    lines = [HEAD, ["---"] * len(HEAD), *(row(name, rounds) for name in rounds if rounds[name])]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def peaks(found):
    """`found`: the machine's peaks, round by round."""
    parts = [f"{precision} {kind} {cell(figures.spread([each[precision][kind] for each in found]), 1e-9)}"
             for precision in ("fp32", "bf16") for kind in ("linear", "convolution")]
    return "The machine's peak, GFLOP/s: " + ", ".join(parts) + "."
