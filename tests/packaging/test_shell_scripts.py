#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every shell script of the tree can be read by its shell, and shellcheck has nothing to say about it."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def scripts():
    """What ends in .sh, and what begins as a script of sh or bash does."""
    found = []
    for top in ("packaging", "tests", "resources", "server", "desktop", "shared"):
        for path in sorted((ROOT / top).rglob("*")):
            if not path.is_file() or path.stat().st_size > 1 << 20 or path.suffix in (".png", ".safetensors"):
                continue
            with open(path, "rb") as file:
                first = file.readline(200)
            if path.suffix == ".sh" or re.match(rb"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", first):
                found.append(path)
    return found


class ShellScripts(unittest.TestCase):
    def test_they_are_found(self):
        names = {str(each.relative_to(ROOT)) for each in scripts()}
        self.assertLessEqual({"packaging/test.sh", "packaging/gcp/easel-gcp", "packaging/gcp/guest/startup.sh", "packaging/gcp/quota.sh"}, names)
        self.assertNotIn("packaging/gcp/CMakeLists.txt", names)

    def test_bash_can_read_them(self):
        for path in scripts():
            with self.subTest(path.name):
                result = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_shellcheck_has_nothing_to_say(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed")
        # From the top, where the scripts' own directives name what they source.
        result = subprocess.run(["shellcheck", "-x", *scripts()], capture_output=True, text=True, cwd=ROOT)
        self.assertEqual(result.stdout + result.stderr, "")

    def test_a_mistake_is_seen(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bad.sh"
            path.write_text("#!/bin/bash\nrm -rf $1/lib\n")
            self.assertNotEqual(subprocess.run(["shellcheck", path], capture_output=True).returncode, 0)

    def test_every_part_of_easel_gcp_is_installed(self):
        folder = ROOT / "packaging" / "gcp"
        rules = (folder / "CMakeLists.txt").read_text()
        sourced = re.search(r"for part in (.*?);", (folder / "easel-gcp").read_text()).group(1).split()
        self.assertEqual(sorted(each.stem for each in folder.glob("*.sh")), sorted(sourced))
        for part in sourced:
            self.assertRegex(rules, rf"\b{part}\.sh\b")


if __name__ == "__main__":
    unittest.main()
