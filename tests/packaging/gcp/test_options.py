#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line: what it refuses, what it prints, and that a dry run runs nothing."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from harness import HERE, PROGRAM, CloudTest

COMMANDS = ["up", "down", "status", "list", "cost", "stop", "start", "extend", "logs", "ssh", "bake", "pair", "tunnel", "projects", "account", "offers", "models"]


class Options(CloudTest):
    def test_what_is_refused(self):
        for words, part in (
            (["fly"], "fly"), (["up", "--gpu", "k80"], "k80"), (["up", "--hours", "0"], "--hours"), (["up", "--hours", "169"], "--hours"), (["up", "--hours", "1e3"], "--hours"),
            (["up", "--hours", "99999999999999999999"], "--hours"), (["up", "--hours"], "needs a value"), (["up", "--hourse", "8"], "--hourse"), (["status", "--gpu", "l4"], "--gpu"),
            (["up", "--name", "Big"], "--name"), (["up", "--name", "a" * 28], "--name"), (["up", "--name", "a" * 25], "--name"), (["up", "--name", "x;reboot"], "--name"), (["up", "--name", "-"], "--name"),
            (["up", "--model", "../../etc"], "--model"), (["up", "--model", "one"], "--model"), (["up", "--model", "o/n,easel-packages=x"], "--model"),
            (["up", "--region", "moon"], "--region"), (["up", "--zone", "us-central1"], "--zone"), (["up", "--zone", "us-central1-a", "--region", "us-east1"], "not in the region"),
            (["up", "--project", "A"], "--project"), (["up", "--disk", "10"], "--disk"), (["up", "--idle", "-1"], "--idle"), (["up", "--spot", "--flex"], "exclude"),
            (["up", "--gpu", "t4", "--flex"], "Flex-start"), (["up", "--gpu", "h100"], "only as Spot or Flex-start"), (["up", "--public", "--way-out", "nat"], "--public"),
            (["up", "--from", "1.2.3.4"], "--public"), (["up", "--public", "--from", "home"], "--from"), (["up", "--way-out", "vpn"], "--way-out"),
            (["up", "--packages", "/nowhere"], "/nowhere"), (["up", "--packages", "gs://B"], "--packages"), (["up", "--packages", "gs://b/x y"], "--packages"),
            (["up", "--packages", str(self.folder)], "easel-server is not in"), (["up", "--token-file", "/nowhere"], "--token-file"), (["tunnel", "--port", "70000"], "--port"),
            (["status", "one", "two"], "two"), (["list", "one"], "one"),
        ):
            with self.subTest(words):
                self.fails(self.easel(*words), "bad_argument", part)
        self.assertEqual(self.world()["calls"], [])

    def test_a_file_that_is_no_token(self):
        token = self.folder / "token"
        for text in ("", "hello", "hf_" + "a" * 2000):
            token.write_text(text)
            answer = self.up("--token-file", str(token))
            self.fails(answer, "bad_argument", "--token-file")

    def test_help(self):
        usage = self.run_program("--help").out
        self.assertEqual(self.run_program().out, usage)
        for command in COMMANDS:
            self.assertRegex(usage, rf"\b{command}\b")
            answer = self.run_program(command, "--help")
            self.assertEqual(answer.status, 0)
            self.assertIn("--json", answer.out)
        self.assertIn("--token-file", self.run_program("up", "--help").out)
        self.assertNotIn("--token-file", self.run_program("status", "--help").out)

    def test_offers_and_models_ask_nobody(self):
        offers = self.easel("offers").of("offer")
        self.assertEqual([each["gpu"] for each in offers], ["l4", "t4", "a100", "h100", "rtx6000"])
        for each in offers:
            self.assertGreater(each["hourly"], each["spot_hourly"])
            self.assertRegex(each["as_of"], r"^20\d\d-\d\d$")
        for each in self.easel("models").of("model"):
            self.assertRegex(each["id"], r"^[\w.-]+/[\w.-]+$")
            self.assertEqual(each["licence_url"], "https://huggingface.co/" + each["id"])
        self.assertEqual(self.world()["calls"], [])
        self.assertIn("g2-standard-4", self.run_program("offers").out)

    def test_without_a_terminal_nothing_is_asked(self):
        answer = self.run_program("up", "--packages", str(self.packages))
        self.assertEqual(answer.status, 3)
        self.assertIn("--yes", answer.err)
        self.assertIn("$0.71 an hour", answer.err)
        self.assertEqual(self.world()["made"], [])


class DryRun(CloudTest):
    EVERY = (["up"], ["up", "--gpu", "h100", "--flex", "--model", "none"], ["up", "--gpu", "rtx6000", "--public"], ["up", "--gpu", "t4", "--spot", "--way-out", "nat"], ["up", "--packages", "gs://b-1/x"],
             ["down"], ["status"], ["list"], ["cost"], ["stop"], ["start"], ["extend"], ["logs"], ["ssh"], ["ssh", "--", "nvidia-smi"], ["bake"], ["pair"], ["tunnel"], ["projects"], ["account"])

    def commands_of(self, words):
        answer = self.run_program(*words[:1], "--dry-run", "--json", *words[1:])
        self.assertEqual((answer.status, answer.err), (0, ""), words)
        return [each["text"] for each in answer.of("command")], answer

    def test_prints_all_and_runs_none(self):
        token = self.folder / "token"
        token.write_text("hf_secret123\n")
        for words in self.EVERY + (["up", "--token-file", str(token), "--project", "pictures-1"],):
            with self.subTest(words):
                texts, answer = self.commands_of(words)
                self.assertTrue(texts)
                for text in texts:
                    self.assertRegex(text, r"^gcloud [a-z]")
                self.assertNotIn("hf_secret123", answer.out)
                self.assertEqual(answer.of("stage") == [], words[0] != "up" and words[0] != "pair" and words[0] != "start")
        self.assertEqual(self.world()["calls"], [])

    def test_up_prints_what_up_runs(self):
        texts, answer = self.commands_of(["up", "--packages", str(self.packages), "--project", "pictures-1"])
        kinds = [each["event"] for each in answer.events]
        self.assertIn("price", kinds)
        self.up_works("--project", "pictures-1")
        plain = lambda words: tuple(word for word in words if re.match(r"^[a-z][a-z-]*$", word))[:4]
        shown = {plain(text.split()[1:]) for text in texts}
        run = {plain(words) for words in self.world()["calls"]}
        # What only an answer can call for is not in a dry run: taking up what is there, and trying again.
        self.assertEqual(run - shown - {("services", "enable", "compute", "iap")}, {("config", "get-value", "project")} & run)

    def test_for_people(self):
        answer = self.run_program("up", "--dry-run")
        self.assertRegex(answer.out, r"(?m)^gcloud compute instances create easel --zone=us-central1-a --machine-type=g2-standard-4 ")

    @unittest.skipUnless(shutil.which("gcloud"), "there is no gcloud here to ask")
    def test_gcloud_itself_knows_every_command_and_option(self):
        """gcloud can look at commands without running them. FLEX_START is younger than some gclouds."""
        commands = []
        for words in self.EVERY:
            for text in self.commands_of(words + ["--project", "pictures-1"] if "--" not in words else words[:1] + ["--project", "pictures-1"] + words[1:])[0]:
                # It does not know quotes; what has any is a value whose text does not matter to it.
                words_of_it = [re.sub(r"^(--[\w-]+)=.*[^\w=.,:/@-].*$", r"\1=x", word) for word in shlex.split(text)]
                commands.append({"command_string": " ".join(words_of_it)})
        file = self.folder / "commands.json"
        file.write_text(json.dumps(commands))
        result = subprocess.run(["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}"], capture_output=True, text=True,
                                env={**os.environ, "CLOUDSDK_CONFIG": str(self.folder / "gcloud")})
        if result.returncode != 0:
            self.skipTest("this gcloud cannot look at commands")
        wrong = [(each["command_string"], each["error_message"]) for each in json.loads(result.stdout) if not each["success"] and "FLEX_START" not in each["error_message"]]
        self.assertEqual(wrong, [])


class Installed(CloudTest):
    def test_with_its_parts_and_packages_beside_the_apps_data(self):
        prefix = self.folder / "prefix with a space"
        source = PROGRAM.parent
        (prefix / "bin").mkdir(parents=True)
        shutil.copy(PROGRAM, prefix / "bin")
        shutil.copytree(source, prefix / "share/easel/gcp", ignore=shutil.ignore_patterns("easel-gcp", "CMakeLists.txt"))
        shutil.copytree(self.packages, prefix / "share/easel/packages")
        result = subprocess.run(["bash", prefix / "bin" / "easel-gcp", "up", "--json", "--yes"], env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn('"event":"pairing"', result.stdout)


class Shape(unittest.TestCase):
    def test_the_program_finds_its_parts_through_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "easel-gcp")
            os.symlink(PROGRAM, link)
            result = subprocess.run(["bash", link, "offers"], capture_output=True, text=True, cwd=folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((HERE / "stand_in" / "gcloud").exists())


if __name__ == "__main__":
    unittest.main()
