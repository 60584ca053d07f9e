#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds programs against the list of what Debian 12, Debian 13 and Ubuntu 24.04 all have.

    packaging/check-sonames.py [--list FILE] PROGRAM|PACKAGE.deb...

Every library that a program needs must be in packaging/ubuntu-24.04-sonames.txt, no version of its symbols may be newer
than there, none of Qt's private symbols may be used, and no path to libraries may be left in the program.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

LIST = pathlib.Path(__file__).with_name("ubuntu-24.04-sonames.txt")


def version(text):
    return [int(part) for part in text.split(".")]


def allowed(file):
    """soname -> prefix of its symbols' versions -> newest version."""
    table = {}
    for line in file.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        soname, _, _, symbols, _ = line.split()
        table[soname] = {}
        for symbol in symbols.split(",") if symbols != "-" else []:
            prefix, newest = symbol.rsplit("_", 1)
            table[soname][prefix] = version(newest)
    return table


def problems(program, table):
    """What is wrong with a program, a sentence each."""
    dynamic = subprocess.run(["readelf", "--wide", "--dynamic", program], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    if not needed:
        yield "needs no library at all: is this a program?"
    for soname in needed:
        if soname not in table and not soname.startswith("ld-linux"):
            yield f"needs {soname}, which not all three have"
    for path in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic):
        yield f"looks for libraries in {path}"

    versions = subprocess.run(["readelf", "--wide", "--version-info", program], check=True, capture_output=True, text=True).stdout
    needs = versions.partition("Version needs section")[2]
    soname = None
    for line in needs.splitlines():
        if file := re.search(r"File: (\S+)", line):
            soname = file.group(1)
        elif name := re.search(r"Name: (\S+)", line):
            symbol = name.group(1)
            prefix, _, number = symbol.rpartition("_")
            if "PRIVATE" in symbol:
                yield f"uses {symbol} of {soname}"
            elif soname in table and prefix and re.fullmatch(r"[0-9.]+", number):
                newest = table[soname].get(prefix)
                if newest is None:
                    yield f"needs {symbol} of {soname}, and the list does not say how new those may be"
                elif version(number) > newest:
                    yield f"needs {symbol} of {soname}; all three have {prefix}_{'.'.join(map(str, newest))} at most"


def programs_in(path, folder):
    """The programs in a package, or the program itself."""
    if path.suffix != ".deb":
        return [path]
    subprocess.run(["dpkg-deb", "--extract", path, folder], check=True)
    files = [file for file in pathlib.Path(folder).rglob("*") if file.is_file() and not file.is_symlink()]
    return [file for file in files if file.open("rb").read(4) == b"\x7fELF"]


def main():
    parser = argparse.ArgumentParser(description="Hold programs against what Debian 12, Debian 13 and Ubuntu 24.04 all have")
    parser.add_argument("--list", type=pathlib.Path, default=LIST)
    parser.add_argument("what", nargs="+", type=pathlib.Path, help="a program or a package")
    arguments = parser.parse_args()
    table = allowed(arguments.list)
    wrong = seen = 0
    for argument in arguments.what:
        with tempfile.TemporaryDirectory() as folder:
            for program in programs_in(argument, folder):
                seen += 1
                for problem in problems(program, table):
                    wrong += 1
                    print(f"{argument}: {program.name} {problem}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"check-sonames: {seen} programs need only what Debian 12, Debian 13 and Ubuntu 24.04 have")


main()
