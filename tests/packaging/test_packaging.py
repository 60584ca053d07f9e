#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the packages are made with: the check of sonames, the configuration file, the service's sandbox.

    test_packaging.py EASEL_SERVER

Installing them is tests/packaging/install.sh's, for it needs root and a network.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=100)


class Sonames(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def program(self, *options):
        """A program that says good day, linked with these options."""
        source = pathlib.Path(self.folder.name, "program.c")
        source.write_text('#include <stdio.h>\nint main(void) { return puts("good day") < 0; }\n')
        program = source.with_suffix("")
        built = run("cc", "-o", program, source, *options)
        self.assertEqual(built.returncode, 0, built.stderr)
        return program

    def check(self, *arguments):
        return run(sys.executable, PACKAGING / "check-sonames.py", *arguments)

    def test_what_all_three_have_passes(self):
        checked = self.check(self.program())
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("1 programs", checked.stdout)

    def test_another_soname_is_refused(self):
        checked = self.check(self.program("-Wl,--no-as-needed", "-l:libfmt.so.9"))
        self.assertEqual(checked.returncode, 1)
        self.assertIn("needs libfmt.so.9", checked.stderr)

    def test_a_path_to_libraries_is_refused(self):
        checked = self.check(self.program("-Wl,-rpath,/home/somebody/lib"))
        self.assertEqual(checked.returncode, 1)
        self.assertIn("looks for libraries in /home/somebody/lib", checked.stderr)

    def test_a_newer_symbol_is_refused(self):
        older = pathlib.Path(self.folder.name, "list.txt")
        older.write_text("libc.so.6 libc6 2.0 GLIBC_2.1 chisel\n")
        checked = self.check("--list", older, self.program())
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, r"needs GLIBC_2\.\S+ of libc.so.6; all three have GLIBC_2.1 at most")

    def test_every_line_says_how_it_is_known(self):
        for line in (PACKAGING / "ubuntu-24.04-sonames.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                fields = line.split()
                self.assertEqual(len(fields), 5, line)
                self.assertIn(fields[4], {"chisel", "builds", "between", "-"}, line)


class Configuration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = run(sys.executable, PACKAGING / "server-toml.py", SERVER, "--set", "data=/var/lib/easel/server").stdout
        cls.help = run(SERVER, "serve", "--help").stdout

    def check(self, text):
        """What the server says of a configuration, in a data folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "server.toml")
            file.write_text(text.replace("/var/lib/easel/server", f"{folder}/data"))
            return run(SERVER, "serve", "--config", file, "--check-config", "--model", "test-pattern")

    def test_it_has_every_flag_with_its_words(self):
        flags = set(re.findall(r"^ {2}--([a-z0-9-]+)", self.help, re.MULTILINE)) - {"config", "check-config"}
        self.assertGreater(len(flags), 20)
        keys = re.findall(r"^#?([a-z0-9-]+) = ?(.*)$", self.text, re.MULTILINE)
        self.assertEqual({name for name, _ in keys}, flags)
        self.assertEqual(len(keys), len(flags))
        self.assertIn("# The address to listen on\n#bind = \"127.0.0.1\"\n", self.text)
        self.assertIn("#port = 5000\n", self.text)
        self.assertIn("#tls = false\n", self.text)
        self.assertIn("#models = []\n", self.text)

    def test_only_the_data_folder_is_set(self):
        lines = [line for line in self.text.splitlines() if line and not line.startswith("#")]
        self.assertEqual(lines, ['data = "/var/lib/easel/server"'])

    def test_a_flag_that_does_not_exist_cannot_be_set(self):
        made = run(sys.executable, PACKAGING / "server-toml.py", SERVER, "--set", "datta=/x")
        self.assertEqual(made.returncode, 1)
        self.assertIn("datta", made.stderr)

    def test_the_server_takes_it_as_it_is(self):
        checked = self.check(self.text)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_the_server_takes_every_default_that_is_shown(self):
        shown = re.sub(r"^#([a-z0-9-]+ = .+)$", r"\1", self.text, flags=re.MULTILINE)
        shown = re.sub(r"^[a-z0-9-]+ = \[\]$", "", shown, flags=re.MULTILINE)
        self.assertIn("\nport = 5000\n", shown)
        checked = self.check(shown)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_the_server_names_what_it_does_not_take(self):
        checked = self.check(self.text + '\nprot = 5000\n')
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("prot", checked.stderr)


class Service(unittest.TestCase):
    UNIT = PACKAGING / "debian/easel-server.service"

    def test_its_sandbox_is_tight(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        judged = run("systemd-analyze", "security", "--offline=true", self.UNIT)
        level = re.search(r"exposure level for easel-server.service: ([0-9.]+)", judged.stdout)
        self.assertTrue(level, judged.stdout + judged.stderr)
        self.assertLessEqual(float(level.group(1)), 2.0)

    def test_a_gpu_can_still_be_reached(self):
        text = self.UNIT.read_text()
        self.assertIn("\nDeviceAllow=char-nvidia* rw\n", text)
        for closed in ("PrivateDevices=yes", "MemoryDenyWriteExecute=yes", "ProcSubset=pid"):
            self.assertNotIn(closed, text)


if __name__ == "__main__":
    SERVER = pathlib.Path(sys.argv.pop(1))
    unittest.main()
