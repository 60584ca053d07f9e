# SPDX-License-Identifier: Apache-2.0
"""What every contender in Python does alike: it reads a request a line and answers it with a line."""

import json
import os
import resource
import sys
import time


def now():
    """Seconds of the monotonic clock, which all processes of a machine have in common: so the one that started this
    process can tell how long ago that was."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def threads():
    return int(os.environ["OMP_NUM_THREADS"])


def serve(draw):
    """`draw` makes a dictionary of a request. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            answer = draw(json.loads(line))
        except Exception as error:  # a request that it cannot draw
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)
