# SPDX-License-Identifier: Apache-2.0
"""The table."""

import figures
from contenders import CONTENDERS

SECONDS = ("text", "step", "decode", "encode", "picture", "first step", "loading", "processor")
RATIOS = ("step", "decode", "picture")
HEAD = ("contender", *SECONDS, "memory, MB", "share of peak", *(f"{what} to Easel's" for what in RATIOS))


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
            share and f"{share} %", *(cell(ratios.get(what)) for what in RATIOS)]


def table(rounds):
    lines = [HEAD, ["---"] * len(HEAD), *(row(name, rounds) for name in rounds if rounds[name])]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def of_case(case, drawn):
    """Prints the table, and returns the machine's peaks, round by round. `drawn`: for each contender its turns."""
    turns = [turn for rounds in drawn.values() for turn in rounds.values()]
    if not turns:
        return []
    operations, rounds = turns[0]["operations"], max(len(each) for each in drawn.values())
    print(f"\n{case.model}, {case.size}x{case.size}, {case.batch} at a time, {case.steps} steps of Euler, guidance "
          f"{case.guidance:g}, {case.threads} threads of {case.processor}, {rounds} rounds; {operations / 1e9:.4g} GFLOP a "
          "step.\n")
    # In the order in which they are named, whoever drew first.
    found = {name: {number: figures.of_round(turn["answers"], turn["started"], turn["operations"],
                                             turn["peak"][CONTENDERS[name].peak])
                    for number, turn in drawn[name].items()} for name in CONTENDERS if name in drawn}
    print(table(found), flush=True)
    return list({str(turn["peak"]): turn["peak"] for turn in turns}.values())


def peaks(found):
    """`found`: the machine's peaks, round by round."""
    parts = [f"{precision} {kind} {cell(figures.spread([each[precision][kind] for each in found]), 1e-9)}"
             for precision in ("fp32", "bf16") for kind in ("linear", "convolution")]
    return "The machine's peak, GFLOP/s: " + ", ".join(parts) + "."
