#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the service's configuration file from what `easel-server serve --help` says.

    packaging/server-toml.py EASEL_SERVER [--set NAME=VALUE]... >server.toml

Each flag is a key, with its help as a comment; all are commented out but those that --set names. Written from the
program itself, so that the file never offers what the server does not take.
"""
import argparse
import re
import subprocess
import sys
import textwrap

HEADER = """\
# The configuration of easel-server.service: the flags of "easel-server serve", by their names. What is commented
# out shows the default. After a change:
#
#   easel-server serve --config /etc/easel/server.toml --check-config
#   systemctl restart easel-server
#
# The service may read what is outside of /home, and write its own folder alone. For models below /home or data on
# another disk say so to systemd as well: "systemctl edit easel-server", with ProtectHome=read-only or
# ReadWritePaths=/another/disk below [Service].
"""
# Those that belong to a command line: the file itself, and what ends the program.
NOT_HERE = {"help", "config", "check-config"}


class Flag:
    """One flag as the help shows it: `--port INT:INT in [0 - 65535]=5000`, or without a type for a switch."""

    def __init__(self, head, text):
        self.name = re.search(r"--([a-z0-9-]+)", head).group(1)
        self.text = text
        kind = re.sub(r"\b(Needs|Excludes): .*", "", head.split(f"--{self.name}", 1)[1]).replace("REQUIRED", "").strip()
        self.is_switch = not kind
        self.is_list = kind.endswith("...")
        self.is_number = bool(re.match(r"(U?INT|FLOAT)\b", kind)) and "SIZE" not in kind
        default = re.search(r"=([^=\s]*)$", kind)
        self.default = default.group(1) if default else ""

    def line(self, value):
        """The flag with a value, as a line of the file; an empty value is left to whoever fills it in."""
        if self.is_switch:
            value = value or "false"
        elif value and not self.is_number:
            value = f'"{value}"'
        if self.is_list:
            value = f"[{value}]"
        return f"{self.name} = {value}".rstrip()


def flags_of(help_text):
    """The flags in a help text; the head and its text are two spaces apart, or on two lines."""
    flags = []
    lines = help_text.splitlines()
    for i, line in enumerate(lines):
        if not re.match(r" {2}(-\w,)?--[a-z]", line):
            continue
        parts = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        following = lines[i + 1].strip() if i + 1 < len(lines) and lines[i + 1].startswith(" " * 20) else ""
        flags.append(Flag(parts[0], parts[1] if len(parts) > 1 else following))
    return flags


def main():
    parser = argparse.ArgumentParser(description="Write the service's configuration file")
    parser.add_argument("program", help="easel-server")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a key that is not commented out")
    arguments = parser.parse_args()
    chosen = dict(item.split("=", 1) for item in arguments.set)

    text = subprocess.run([arguments.program, "serve", "--help"], check=True, capture_output=True, text=True).stdout
    flags = [flag for flag in flags_of(text) if flag.name not in NOT_HERE]
    unknown = chosen.keys() - {flag.name for flag in flags}
    if not flags or unknown:
        sys.exit(f"server-toml: serve --help does not tell of {', '.join(sorted(unknown)) or 'any flag'}")

    print(HEADER, end="")
    for flag in flags:
        print()
        for line in textwrap.wrap(flag.text, 110):
            print(f"# {line}")
        print(flag.line(chosen[flag.name]) if flag.name in chosen else "#" + flag.line(flag.default))


main()
