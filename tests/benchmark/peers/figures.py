# SPDX-License-Identifier: Apache-2.0
"""Figures out of answers: of a round, of all rounds, and against Easel's."""

import statistics

LATER = {"text": "text_seconds", "decode": "decode_seconds", "picture": "draw_seconds", "processor": "draw_cpu_seconds",
         "memory": "peak_mb"}


def of_round(answers, started, operations, peak):
    """`answers`: of the first picture, of the one that counts, and of those that begin with a picture, of which the last
    counts. What a contender does not tell is left out."""
    first, drawn, *_, begun_with = answers
    found = {name: drawn.get(key) for name, key in LATER.items()}
    found["loading"] = first.get("load_seconds")
    found["encode"] = begun_with.get("encode_seconds")
    if "first_step_at" in first:
        found["first step"] = first["first_step_at"] - started
    if drawn.get("step_seconds"):
        found["step"] = statistics.median(drawn["step_seconds"])
        found["share"] = operations / found["step"] / max(peak.values())
    return {name: value for name, value in found.items() if value is not None}


def spread(values):
    """Median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def of_all(rounds):
    names = {name for figures in rounds for name in figures}
    return {name: spread([figures[name] for figures in rounds if name in figures]) for name in names}


def best(rounds):
    """Which of Easel's precisions drew fastest; `rounds`: for each contender its figures, round by round."""
    easel = {name: statistics.median(each["picture"] for each in figures.values())
             for name, figures in rounds.items() if name.startswith("easel") and figures}
    return min(easel, key=easel.get, default=None)


def ratios(rounds, name):
    """Of the contender's time to Easel's in the same round."""
    ours = best(rounds)
    if not ours:
        return {}
    found = {}
    for what in ("step", "decode", "picture"):
        values = [figures[what] / rounds[ours][number][what] for number, figures in rounds[name].items()
                  if number in rounds[ours] and what in figures and what in rounds[ours][number]]
        if values:
            found[what] = spread(values)
    return found
