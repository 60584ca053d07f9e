# SPDX-License-Identifier: Apache-2.0
"""Runs easel-gcp against the stand-in gcloud, each test in a world of its own."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROGRAM = ROOT / "packaging" / "gcp" / "easel-gcp"
NOON = 1795694400  # 26 November 2026, 12:00 UTC

FOREIGN = {
    "instances": {"us-central1-a/easel-of-somebody": {
        "name": "easel-of-somebody", "zone": "https://www.googleapis.com/compute/v1/projects/pictures-1/zones/us-central1-a",
        "status": "RUNNING", "machineType": "zones/us-central1-a/machineTypes/e2-small", "interface": "subnet=default", "scheduling": {}}},
    "disks": {"us-central1-a/easel-data": {"name": "easel-data", "zone": "zones/us-central1-a", "sizeGb": "10"}},
    "images": {"easel-picture": {"name": "easel-picture", "status": "READY", "diskSizeGb": "10", "creationTimestamp": "2020"}},
    "networks": {"default": {"name": "default", "description": "Default network for the project"}},
    "subnets": {"us-central1/default": {"name": "default", "region": "regions/us-central1"}},
    "firewall rules": {"easel-rule": {"name": "easel-rule", "description": "by hand", "network": "default"}},
    "routers": {"us-central1/easel-router-2": {"name": "easel-router-2", "region": "regions/us-central1"}},
    "resource policies": {"us-central1/easel-until-midnight": {"name": "easel-until-midnight", "region": "regions/us-central1", "description": "by hand"}},
    "secrets": {"hub-token": {"name": "projects/123456789012/secrets/hub-token", "versions": []}},
    "service accounts": {"app@pictures-1.iam.gserviceaccount.com": {"email": "app@pictures-1.iam.gserviceaccount.com"}},
}


def new_world():
    things = json.loads(json.dumps(FOREIGN))
    for kind in things.values():
        for thing in kind.values():
            thing["foreign"] = True
    zones = ["us-central1-a", "us-central1-b", "us-central1-c"]
    return {
        "scenario": {}, "calls": [], "made": [], "violations": [], "things": things, "services": ["compute.googleapis.com", "iam.googleapis.com"],
        "projects": [{"projectId": "pictures-1", "projectNumber": "123456789012", "name": "Ada's \"pictures\""}],
        "global_quotas": {"GPUS_ALL_REGIONS": [1, 0], "CPUS_ALL_REGIONS": [32, 1]},
        "regional_quotas": {"NVIDIA_L4_GPUS": [1, 0], "PREEMPTIBLE_NVIDIA_L4_GPUS": [1, 0], "NVIDIA_T4_GPUS": [1, 0], "NVIDIA_A100_GPUS": [0, 0]},
        "family_quotas": {"us-central1/NVIDIA_H100": 0, "us-central1/NVIDIA_RTX_PRO_6000": 1},
        "machine types": {"g2-standard-4": zones + ["us-east1-b"], "a2-highgpu-1g": ["us-central1-a"], "a3-highgpu-1g": ["us-central1-a"], "g4-standard-48": ["us-central1-b"]},
        "accelerator types": {"nvidia-tesla-t4": zones},
    }


def begin(folder):
    """A new world in an empty folder, in which it is noon; the folder with the packages of Easel."""
    packages = folder / "packages"
    packages.mkdir()
    for name in ("easel-server_0.1.0_amd64", "easel-worker_0.1.0_amd64", "easel-starter-model_0.1.0_all"):
        (packages / (name + ".deb")).write_text(name)
    (folder / "world.json").write_text(json.dumps(new_world()))
    (folder / "clock").write_text(str(NOON))
    return packages


def environment(folder):
    return {"PATH": f"{HERE / 'stand_in'}:/usr/bin:/bin", "EASEL_STAND_IN": str(folder), "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}


class Answer:
    def __init__(self, result):
        self.status, self.out, self.err = result.returncode, result.stdout, result.stderr
        self.events = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    def of(self, event):
        return [each for each in self.events if each["event"] == event]

    def error(self):
        errors = self.of("error")
        return errors[-1] if errors else {"code": None}

    def stages(self):
        """The last state of each stage, in the order in which they came."""
        last = {}
        for each in self.of("stage"):
            last[each["id"]] = each["state"]
        return last


class CloudTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="easel-gcp-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.packages = begin(self.folder)
        self.environment = environment(self.folder)

    def tearDown(self):
        world = self.world()
        self.assertEqual(world["violations"], [], "what is not Easel's was changed")
        for kind, things in FOREIGN.items():
            for key, thing in things.items():
                self.assertEqual({**thing, "foreign": True}, world["things"][kind].get(key), "what is not Easel's was changed")

    def world(self):
        return json.loads((self.folder / "world.json").read_text())

    def write(self, world):
        (self.folder / "world.json").write_text(json.dumps(world))

    def set(self, **scenario):
        world = self.world()
        world["scenario"] = scenario
        self.write(world)

    def change(self, **fields):
        world = self.world()
        world.update(fields)
        self.write(world)

    def pass_time(self, seconds):
        clock = self.folder / "clock"
        clock.write_text(str(float(clock.read_text()) + seconds))

    def now(self):
        return float((self.folder / "clock").read_text())

    def run_program(self, *words, **options):
        return Answer(subprocess.run(["bash", str(PROGRAM), *words], env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900, **options))

    def easel(self, *words):
        """As the app runs it; every line must be JSON, and nothing else is said anywhere."""
        answer = self.run_program(*words, "--json", "--yes") if words[0] in ("up", "down", "bake") else self.run_program(*words, "--json")
        self.assertEqual(len(answer.events), len(answer.out.splitlines()), answer.out)
        self.assertEqual(answer.err, "")
        last = answer.events[-1]["event"] if answer.events else None
        self.assertIn((answer.status, last), [(0, "done"), (1, "error"), (2, "error"), (3, "question")], answer.out)
        if last == "error":
            for field in ("detail", "remedy"):
                self.assertRegex(answer.events[-1][field], r"^[A-Z\"a-z-].{9,}([.!?]|roles/storage\.objectViewer)$", field)
        return answer

    def up(self, *words):
        return self.easel("up", "--packages", str(self.packages), *words)

    def up_works(self, *words):
        answer = self.up(*words)
        self.assertEqual(answer.status, 0, answer.out)
        return answer

    def fails(self, answer, code, *parts):
        self.assertEqual(answer.error()["code"], code, answer.out)
        self.assertEqual(answer.status, 2 if code == "bad_argument" else 1)
        for part in parts:
            self.assertIn(part, " ".join(answer.error()[field] for field in ("detail", "remedy", "url")))

    def own(self):
        """What Easel has in the project: kind -> names."""
        return {kind: sorted(things) for kind, things in
                ((kind, [key for key, thing in things.items() if not thing.get("foreign")]) for kind, things in self.world()["things"].items())
                if things and kind not in ("operations", "quota requests")}

    def machine(self):
        machines = [each for each in self.world()["things"]["instances"].values() if not each.get("foreign")]
        self.assertEqual(len(machines), 1)
        return machines[0]

    def commands(self, *beginning):
        return [call for call in self.world()["calls"] if call[: len(beginning)] == list(beginning)]
