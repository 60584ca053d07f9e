#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each kernel takes of a GPU, by what ptxas said when it was compiled: the most registers of a thread on
each target. Fails where one is over the limit, or keeps anything of a thread in memory.

    build/release$ python3 ../../tests/server/kernels/cuda/resources.py server/kernels/cuda/*.log
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

# With these, 1,024 threads fit on a multiprocessor of 65,536 registers, of all that we build for.
MOST_REGISTERS = 64

KERNEL = re.compile(r"Compiling entry function '(\w+)' for '(sm_\d+)'")
MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")
NUMBERS = {"float": "fp32", "easel::kernels::cuda::Float16": "fp16", "easel::kernels::cuda::BFloat16": "bf16"}


def name_of(symbol):
    """"GroupNormSums bf16 8" of a mangled runKernel<…>: the kernel, its numbers and how many at once."""
    plain = subprocess.run(["c++filt", symbol], capture_output=True, text=True, check=True).stdout
    kernel = re.search(r"runKernel<.*?\(anonymous namespace\)::(\w+)(?:<([^>]*)>)?", plain)
    if kernel is None:
        return symbol
    arguments = [each.strip() for each in (kernel.group(2) or "").split(",") if each]
    return " ".join([kernel.group(1), *(NUMBERS.get(each, each) for each in arguments)])


def read(logs):
    """[(kernel, target, registers, bytes in memory)]"""
    found = []
    for log in logs:
        kernel = memory = None
        for line in log.splitlines():
            if match := KERNEL.search(line):
                kernel, memory = match.groups(), None
            elif match := MEMORY.search(line):
                memory = sum(int(each) for each in match.groups())
            elif (match := REGISTERS.search(line)) and kernel is not None:
                if memory is None:
                    raise ValueError(f"nothing is said of the memory of {kernel}")
                found.append((name_of(kernel[0]), kernel[1], int(match.group(1)), memory))
                kernel = None
    return found


def table_of(found):
    targets = sorted({target for _, target, _, _ in found}, key=lambda each: int(each[3:]))
    kernels = sorted({kernel for kernel, _, _, _ in found})
    width = max(len(each) for each in kernels)
    lines = [" " * width + "".join(f"{each:>8}" for each in targets)]
    for kernel in kernels:
        of = {target: registers for name, target, registers, _ in found if name == kernel}
        lines.append(f"{kernel:<{width}}" + "".join(f"{of.get(target, '-'):>8}" for target in targets))
    return "\n".join(lines)


def objections(found, most=MOST_REGISTERS):
    wrong = [f"{kernel} on {target}: {memory} bytes of stack and spills" for kernel, target, _, memory in found if memory]
    wrong += [f"{kernel} on {target}: {registers} registers, more than {most}"
              for kernel, target, registers, _ in found if registers > most]
    for kernel in {each[0] for each in found}:
        if missing := {each[1] for each in found} - {each[1] for each in found if each[0] == kernel}:
            wrong.append(f"{kernel} was not compiled for {', '.join(sorted(missing))}")
    return wrong if found else ["nothing was compiled"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", type=Path)
    found = read(log.read_text() for log in parser.parse_args().logs)
    if found:
        print(table_of(found))
    wrong = objections(found)
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
