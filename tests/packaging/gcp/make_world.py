#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a world for the stand-in gcloud in a folder, for tests in other languages, and easel-gcp for it: make_world.py FOLDER"""
import os
import pathlib
import sys

import harness


def main():
    folder = pathlib.Path(sys.argv[1])
    packages = harness.begin(folder)
    environment = " ".join(f"{name}='{value}'" for name, value in harness.environment(folder).items())
    program = folder / "easel-gcp"
    # The packages are no part of what the app says.
    program.write_text(f"""#!/bin/bash
command=$1
shift
[ "$command" != up ] || set -- --packages '{packages}' "$@"
exec env -i {environment} bash '{harness.PROGRAM}' "$command" "$@"
""")
    os.chmod(program, 0o755)


if __name__ == "__main__":
    main()
