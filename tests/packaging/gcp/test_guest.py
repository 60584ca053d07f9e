#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guest/startup.sh, with stand-ins for the machine that it runs on: what it installs, tells and writes."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "packaging" / "gcp" / "guest" / "startup.sh"

# One stand-in for all the programs of the machine that would change this one. It writes down how it was called, and
# answers from files.
PROGRAM = r"""#!/bin/bash
name=$(basename "$0")
printf '%s\n' "$name $*" >>"$GUEST/calls"
if [ -e "$GUEST/fails/$name" ] && [[ "$*" =~ $(cat "$GUEST/fails/$name") ]]; then
  echo "$name: the reason"
  exit 1
fi
case $name in
  nvidia-smi) [ -e "$GUEST/driver" ] || exit 9 ;;
  modprobe) if [ ! -e "$GUEST/other-kernel" ] && [ "$1" = nvidia ]; then touch "$GUEST/driver"; elif [ -e "$GUEST/other-kernel" ]; then exit 1; fi ;;
  dpkg-query) [ ! -e "$GUEST/kernel" ] || cat "$GUEST/kernel" ;;
  runuser)
    shift 3
    while [[ $1 == env || $1 == *=* ]]; do shift; done
    exec "$@"
    ;;
  easel-server)
    if [ "$1" = pull ]; then
      [[ "$*" != *--token-file* ]] || cp "${@: -1}" "$GUEST/token-seen"
      mkdir -p "$GUEST/hub/snapshot"
      echo "$2 is here: $GUEST/hub/snapshot"
    fi
    ;;
  curl)
    for word in "$@"; do url=$word; [[ $word != http* ]] || break; done
    case $url in
      */guest-attributes/easel/*)
        while [ "$1" != --data ]; do shift; done
        printf '%s %s\n' "${url##*/}" "$2" >>"$GUEST/told"
        ;;
      */instance/attributes/easel-*) cat "$GUEST/attributes/${url##*easel-}" 2>/dev/null || exit 22 ;;
      */service-accounts/default/token) echo '{"access_token": "t0k3n"}' ;;
      */project/project-id) printf pictures-1 ;;
      */instance/id) printf 42 ;;
      *secretmanager*) printf '{"payload": {"data": "aGZfc2VjcmV0MTIz"}}\n%s' "$(cat "$GUEST/secret-status" 2>/dev/null || echo 200)" ;;
      *storage*alt=media)
        while [ "$1" != -o ]; do shift; done
        echo package >"$2"
        printf '\n200'
        ;;
      *storage*) printf '%s\n%s' '{"items": [{"name": "x/easel-server_1_amd64.deb", "md5Hash": "a"}, {"name": "x/easel-notes.txt"}]}' "$(cat "$GUEST/bucket-status" 2>/dev/null || echo 200)" ;;
      */readyz) [ ! -e "$GUEST/never-ready" ] || exit 22 ;;
      *) exit 22 ;;
    esac
    ;;
esac
"""
PROGRAMS = ("curl", "apt-get", "dpkg", "dpkg-query", "nvidia-smi", "modprobe", "systemctl", "journalctl", "runuser", "easel-server", "sleep", "install")


class Guest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="easel-guest-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("bin", "attributes", "fails", "root/home/packages", "root/state"):
            (self.folder / name).mkdir(parents=True)
        for name in PROGRAMS:
            program = self.folder / "bin" / name
            program.write_text(PROGRAM)
            program.chmod(0o755)
        (self.folder / "bin" / "install").write_text('#!/bin/bash\ntarget=${@: -1}\ncase "$*" in *" -d "*|-d*) mkdir -p "$target" ;; *) cat "${@: -2:1}" >"$target" ;; esac\n')
        # The same script, on folders of the test's own.
        text = SCRIPT.read_text()
        for real, own in (("/var/lib/easel-guest", "home"), ("/var/lib/easel", "state"), ("/etc/easel", "etc"), ("/etc/systemd/system", "units"),
                          ("/usr/local/lib/easel-guest", "lib"), ("/run/easel-hub-token", "hub-token"), ("/run/credstore", "credstore")):
            text = re.sub(re.escape(real) + r"(?![\w-])", str(self.folder / "root" / own), text)
        self.assertNotIn("/var/lib", text)
        self.script = self.folder / "startup.sh"
        self.script.write_text(text)
        for name, value in (("model", "o/m"), ("port", "5000"), ("idle", "30"), ("machine", "easel"), ("settings", "s1")):
            self.attribute(name, value)
        (self.folder / "kernel").write_text("linux-image-gcp\n")

    def attribute(self, name, value):
        (self.folder / "attributes" / name).write_text(value)

    def packages(self, digest="d1"):
        folder = self.folder / "root/home/packages"
        (folder / "easel-server_1_amd64.deb").write_text("x")
        (folder / "complete").write_text(digest + "\n")

    def run_script(self):
        environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "GUEST": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(["bash", str(self.script)], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    def told(self):
        file = self.folder / "told"
        return [line.split(" ", 1) for line in file.read_text().splitlines()] if file.exists() else []

    def stages(self):
        return [tuple(text.split("|")[1:3]) for key, text in self.told() if key == "stage"]

    def last(self):
        return [text.split("|", 3)[1:] for key, text in self.told() if key == "stage"][-1]

    def calls(self):
        return (self.folder / "calls").read_text().splitlines()

    def test_from_ubuntu_to_a_server(self):
        self.packages()
        result = self.run_script()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(list(dict.fromkeys(stage for stage, _ in self.stages())), ["driver", "package", "libtorch", "model", "ready"])
        self.assertEqual(self.last()[:2], ["ready", "done"])
        installed = [call for call in self.calls() if " install " in call]
        self.assertIn("linux-modules-nvidia-580-server-open-gcp ", installed[0])
        self.assertIn("easel-server_1_amd64.deb", installed[1])
        self.assertIn("easel-server setup cuda", self.calls())
        # A machine that was stopped in the middle of an installation.
        self.assertLess(self.calls().index("dpkg --configure -a"), self.calls().index(installed[0]))
        settings = (self.folder / "root/etc/server.toml").read_text()
        for line in ('bind = "0.0.0.0"', "port = 5000", "tls = true", "require-key = true", "end-when-idle = 30", f'model = "{self.folder}/hub/snapshot"'):
            self.assertIn(line, settings.splitlines())
        self.assertIn(["packages", "d1"], self.told())
        self.assertIn(["settings", "s1"], self.told())

    def test_a_second_start_does_nothing_twice(self):
        self.packages()
        (self.folder / "root/etc").mkdir()
        (self.folder / "root/etc/server.toml").write_text("# a person's own line\nkeep-days = 3\n")
        self.run_script()
        settings = (self.folder / "root/etc/server.toml").read_text()
        self.assertTrue(settings.startswith("# a person's own line\nkeep-days = 3\n"))
        (self.folder / "calls").unlink()
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual([call for call in self.calls() if call.startswith("apt-get")], [])
        self.assertEqual((self.folder / "root/etc/server.toml").read_text(), settings)
        self.assertEqual(self.last()[:2], ["ready", "done"])

    def test_it_waits_for_the_packages(self):
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.last(), ["package", "waiting", "for the packages from your computer"])

    def test_packages_from_a_bucket(self):
        self.attribute("packages", "gs://b-1/x")
        result = self.run_script()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        fetched = sorted(each.name for each in (self.folder / "root/home/packages").iterdir())
        self.assertEqual(fetched, ["complete", "easel-server_1_amd64.deb"])

    def test_a_bucket_that_may_not_be_read(self):
        self.attribute("packages", "gs://b-1/x")
        (self.folder / "bucket-status").write_text("403")
        self.assertEqual(self.run_script().returncode, 1)
        self.assertEqual(self.last(), ["package", "failed", "The bucket b-1 cannot be read: Google answers 403."])

    def test_the_token_goes_to_the_pull_and_nowhere_else(self):
        self.packages()
        self.attribute("token-secret", "easel-hub-token")
        result = self.run_script()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual((self.folder / "token-seen").read_text().strip(), "hf_secret123")
        self.assertFalse((self.folder / "root/hub-token").exists())
        self.assertEqual((self.folder / "root/credstore/easel.hub-token").read_text(), "hf_secret123\n")
        self.assertNotIn("hf_secret123", result.stdout + result.stderr + (self.folder / "calls").read_text() + (self.folder / "told").read_text() + (self.folder / "root/home/log").read_text())

    def test_a_secret_that_may_not_be_read(self):
        self.packages()
        self.attribute("token-secret", "easel-hub-token")
        (self.folder / "secret-status").write_text("403")
        self.assertEqual(self.run_script().returncode, 1)
        self.assertEqual(self.last()[:2], ["model", "failed"])
        self.assertIn("403", self.last()[2])

    def test_without_a_model(self):
        self.packages()
        self.attribute("model", "none")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertNotIn("model =", (self.folder / "root/etc/server.toml").read_text())

    def test_every_failure_is_told_once_and_with_its_log(self):
        for program, pattern, stage in (("apt-get", "install.*nvidia", "driver"), ("apt-get", "install.*deb", "package"), ("easel-server", "setup", "libtorch"), ("easel-server", "pull", "model"), ("systemctl", "restart easel-server", "ready")):
            with self.subTest(stage):
                self.setUp()
                self.packages()
                (self.folder / "fails" / program).write_text(pattern)
                result = self.run_script()
                self.assertEqual(result.returncode, 1)
                self.assertEqual(self.last()[:2], [stage, "failed"])
                self.assertEqual([state for _, state in self.stages()].count("failed"), 1)
                self.assertEqual([key for key, _ in self.told()].count("log"), 1)
                # Mended, it goes on.
                (self.folder / "fails" / program).unlink()
                self.assertEqual(self.run_script().returncode, 0)
                self.assertEqual(self.last()[:2], ["ready", "done"])

    def test_a_newer_kernel_is_started_once(self):
        self.packages()
        (self.folder / "other-kernel").touch()
        self.assertEqual(self.run_script().returncode, 0)
        self.assertIn("systemctl reboot", self.calls())
        self.assertEqual(self.last(), ["driver", "running", "restarting for a newer kernel"])
        # It did not help: that is told, and the machine does not go round.
        self.assertEqual(self.run_script().returncode, 1)
        self.assertEqual(self.calls().count("systemctl reboot"), 1)
        self.assertEqual(self.last()[:2], ["driver", "failed"])

    def test_another_image(self):
        (self.folder / "kernel").unlink()
        self.assertEqual(self.run_script().returncode, 1)
        self.assertIn("not an Ubuntu image", self.last()[2])

    def test_a_server_that_does_not_get_ready(self):
        self.packages()
        (self.folder / "never-ready").touch()
        self.assertEqual(self.run_script().returncode, 1)
        self.assertEqual(self.last()[:2], ["ready", "failed"])

    def test_what_doctor_does_not_like_is_told_and_stops_nothing(self):
        self.packages()
        (self.folder / "fails/easel-server").write_text("doctor")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertIn("doctor", [key for key, _ in self.told()])
        self.assertEqual(self.last()[:2], ["ready", "done"])

    def test_switched_off_when_idle_and_only_then(self):
        self.packages()
        self.run_script()
        unit = (self.folder / "root/units/easel-server.service.d/easel-gcp.conf").read_text()
        for line in ("SuccessExitStatus=75", "RestartPreventExitStatus=75"):
            self.assertIn(line, unit.splitlines())
        program = self.folder / "root/lib/power-off-when-idle"
        for status, wanted in (("75", 1), ("0", 0), ("1", 0), ("", 0)):
            (self.folder / "calls").write_text("")
            subprocess.run([program], env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "GUEST": str(self.folder), "EXIT_STATUS": status}, check=True)
            self.assertEqual((self.folder / "calls").read_text().count("poweroff"), wanted)

    def test_a_machine_from_an_image_makes_its_own_keys(self):
        self.packages()
        self.run_script()
        own_state = self.folder / "root/lib/own-state"
        environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "GUEST": str(self.folder)}
        keys = self.folder / "root/state/server"
        keys.mkdir()
        subprocess.run([own_state], env=environment, check=True)
        self.assertTrue(keys.exists())
        subprocess.run([own_state], env=environment, check=True)
        self.assertTrue(keys.exists())
        (self.folder / "root/home/instance").write_text("41\n")
        subprocess.run([own_state], env=environment, check=True)
        self.assertFalse(keys.exists())
        self.assertEqual((self.folder / "root/home/instance").read_text(), "42\n")


if __name__ == "__main__":
    unittest.main()
