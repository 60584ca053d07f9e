#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A machine's life after up: its limits, stopping, starting, extending, costs, images, and its end."""
import unittest

from harness import CloudTest


class Limits(CloudTest):
    def status(self, *words):
        return self.easel("status", *words).of("machine")[0]

    def test_the_limit_holds_from_outside(self):
        self.up_works("--hours", "2")
        status = self.status()
        self.assertEqual((status["state"], status["stops_at"]), ("running", "2026-11-26T13:45:00Z"))
        self.assertAlmostEqual(status["run_left_s"], 6300 - (self.now() - 1795694400), delta=5)
        self.pass_time(7200)
        status = self.status()
        self.assertEqual((status["state"], status["run_left_s"], status["stops_at"]), ("stopped", 0, ""))
        self.fails(self.easel("tunnel"), "expired", "2026-11-26T13:45:00Z", "easel-gcp start")
        self.fails(self.easel("pair"), "expired")
        self.fails(self.easel("logs"), "expired")

    def test_the_ceiling_holds_when_the_schedule_is_lost(self):
        self.up_works("--hours", "2")
        world = self.world()
        next(thing for thing in world["things"]["instances"].values() if not thing.get("foreign"))["resourcePolicies"] = []
        self.write(world)
        self.assertEqual(self.status()["stops_at"][:13], "2026-11-27T00")
        self.pass_time(13 * 3600)
        self.assertEqual(self.status()["state"], "stopped")
        self.fails(self.easel("pair"), "expired")

    def test_prolonged_while_it_runs(self):
        self.up_works("--hours", "2")
        answer = self.easel("extend")
        self.assertEqual(answer.of("machine")[0]["stops_at"], "2026-11-26T14:45:00Z")
        self.assertEqual(self.easel("extend", "--hours", "3").of("machine")[0]["stops_at"], "2026-11-26T17:45:00Z")
        self.assertEqual(len(self.own()["resource policies"]), 1)
        self.assertEqual(self.machine()["status"], "RUNNING")
        self.pass_time(4 * 3600)
        self.assertEqual(self.status()["state"], "running")
        self.pass_time(2 * 3600)
        self.assertEqual(self.status()["state"], "stopped")
        self.fails(self.easel("extend"), "expired")

    def test_not_beyond_the_ceiling(self):
        self.up_works("--hours", "2")
        self.fails(self.easel("extend", "--hours", "12"), "bad_argument", "2026-11-27T00:00")
        self.assertEqual(self.status()["stops_at"], "2026-11-26T13:45:00Z")

    def test_both_guards_begin_anew_with_a_start(self):
        self.up_works("--hours", "2")
        self.pass_time(3 * 3600)
        answer = self.easel("start", "--hours", "5")
        self.assertEqual(answer.status, 0)
        self.assertEqual([each["id"] for each in answer.of("stage")][-1], "ready")
        machine = answer.of("machine")[-1]
        self.assertEqual(machine["state"], "running")
        self.assertGreater(machine["run_left_s"], 4.5 * 3600)
        self.assertEqual(self.machine()["scheduling"]["maxRunDuration"]["seconds"], str(15 * 3600))
        self.assertEqual(len(self.own()["resource policies"]), 1)

    def test_guarded_before_it_is_started(self):
        """Were it started first, a break at the wrong place would leave it running without a limit."""
        self.up_works()
        self.easel("stop")
        self.easel("start")
        calls = [call[:3] for call in self.world()["calls"]]
        started = calls.index(["compute", "instances", "start"])
        self.assertLess(max(i for i, call in enumerate(calls) if call == ["compute", "instances", "set-scheduling"]), started)
        self.assertLess(max(i for i, call in enumerate(calls) if call == ["compute", "instances", "add-resource-policies"]), started)

    def test_where_the_agent_may_not_stop_it_the_ceiling_is_the_limit(self):
        self.set(agent="never")
        answer = self.up_works("--hours", "3")
        self.assertEqual(self.machine()["scheduling"]["maxRunDuration"]["seconds"], str(3 * 3600))
        self.assertNotIn("resourcePolicies", self.machine())
        self.assertGreater(answer.of("machine")[-1]["run_left_s"], 2.9 * 3600)
        self.fails(self.easel("extend"), "no_permission", "easel-gcp start --hours")
        self.easel("stop")
        self.assertEqual(self.easel("start", "--hours", "6").of("machine")[-1]["run_left_s"] // 3600, 5)

    def test_stopped_by_itself_when_idle(self):
        self.up_works()
        self.set(idle_after=600)
        self.pass_time(700)
        self.assertEqual(self.status()["state"], "stopped")
        self.fails(self.easel("tunnel"), "not_ready", "is stopped", "easel-gcp start")

    def test_preempted(self):
        self.up_works("--spot")
        self.set(preempted_after=1800)
        self.pass_time(3600)
        status = self.status()
        self.assertEqual((status["state"], status["provisioning"]), ("preempted", "spot"))
        self.fails(self.easel("pair"), "preempted", "Spot")
        self.set()
        self.assertEqual(self.easel("start").of("machine")[-1]["state"], "running")
        # Stopped by its owner, after it was taken back once.
        self.easel("stop")
        self.assertEqual(self.status()["state"], "stopped")


class Commands(CloudTest):
    def test_there_is_none(self):
        for command in ("status", "cost", "stop", "start", "extend", "logs", "pair", "tunnel", "bake"):
            answer = self.easel(command)
            self.fails(answer, "not_found", "easel-gcp up")
            self.assertEqual(answer.of("machine"), [{"event": "machine", "name": "easel", "project": "pictures-1", "state": "missing"}])
        self.assertEqual(self.easel("list").events, [{"event": "done"}])
        self.assertEqual(self.easel("down").status, 0)

    def test_stop_and_start_can_be_repeated(self):
        self.up_works()
        for state, command in (("stopped", "stop"), ("stopped", "stop"), ("running", "start"), ("running", "start")):
            self.assertEqual(self.easel(command).of("machine")[-1]["state"], state)

    def test_list_shows_all_of_easels_and_nothing_else(self):
        self.up_works()
        self.up_works("--name", "second", "--zone", "us-central1-b", "--model", "none")
        machines = self.easel("list").of("machine")
        self.assertEqual([(each["name"], each["zone"], each["model"]) for each in machines],
                         [("easel", "us-central1-a", "stable-diffusion-v1-5/stable-diffusion-v1-5"), ("easel-second", "us-central1-b", "")])
        for words in (["--name", "second"], ["easel-second"], ["second"]):
            self.assertEqual(self.easel("status", *words).of("machine")[0]["name"], "easel-second")

    def test_cost(self):
        self.up_works()
        self.pass_time(2 * 3600)
        cost = self.easel("cost").of("cost")[0]
        self.assertAlmostEqual(cost["run"], 2 * (0.7068 + 0.005), delta=0.05)
        self.assertAlmostEqual(cost["month_if_left_on"], 730 * 0.7201, places=1)
        self.assertEqual(cost["month_if_stopped"], 6)
        status = self.easel("status").of("machine")[0]
        self.assertAlmostEqual(status["cost"], status["up_s"] / 3600 * status["hourly"], places=3)
        self.easel("stop")
        self.pass_time(30 * 86400)
        cost = self.easel("cost").of("cost")[0]
        self.assertAlmostEqual(cost["run"], 2 * (0.7068 + 0.005), delta=0.05)
        self.assertAlmostEqual(cost["disk_so_far"], 6 * 30 / 30.4, delta=0.1)
        self.assertEqual(self.easel("status").of("machine")[0]["cost_today"], 0)

    def test_what_of_a_run_is_todays(self):
        self.up_works("--hours", "24")
        self.pass_time(14 * 3600)  # 02:00 the next day
        machine = self.easel("status").of("machine")[0]
        self.assertAlmostEqual(machine["cost"], 14 * 0.7201, delta=0.1)
        self.assertAlmostEqual(machine["cost_today"], 2 * 0.7201, delta=0.1)

    def test_a_code_and_the_log(self):
        self.up_works()
        self.assertRegex(self.easel("pair").of("pairing")[0]["code"], "gcp=pictures-1/us-central1-a/easel$")
        self.assertIn("Ready: https://0.0.0.0:5000", self.run_program("logs").out)

    def test_the_log_of_a_machine_that_cannot_be_reached(self):
        self.up_works()
        self.set(sshd_after=10**9)
        answer = self.run_program("logs")
        self.assertIn("easel: driver running", answer.out)
        self.assertIn("cannot be reached", answer.err)

    def test_for_people(self):
        self.up_works()
        out = self.run_program("status").out
        self.assertRegex(out, r"easel +running +l4, standard in us-central1-a, stable-diffusion-v1-5/stable-diffusion-v1-5\n")
        self.assertRegex(out, r"stops by itself in 7 h \d\d min, at 2026-11-26T19:45:00Z\n")
        self.assertIn("an hour", self.run_program("cost").out)


class Bake(CloudTest):
    def test_an_image_and_a_start_from_it(self):
        self.up_works()
        question = self.run_program("bake", "--json")
        self.assertEqual((question.status, question.events[-1]["id"]), (3, "bake"))
        self.assertEqual(self.easel("bake").status, 0)
        image = self.own()["images"][0]
        self.assertRegex(image, r"^easel-20261126-\d{6}$")
        self.assertEqual(self.machine()["status"], "RUNNING")
        self.assertIn("resourcePolicies", self.machine())
        self.assertEqual(self.easel("down", "--keep-images").status, 0)
        self.assertEqual(self.own(), {"images": [image]})
        self.up_works()
        self.assertIn(f"--image={image}", self.commands("compute", "instances", "create")[-1])
        self.assertEqual(len(self.commands("compute", "scp")), 1)
        # Another takes the place of the first.
        self.easel("stop")
        self.easel("bake")
        self.assertEqual(len(self.own()["images"]), 1)
        self.assertNotEqual(self.own()["images"], [image])
        self.assertEqual(self.machine()["status"], "TERMINATED")

    def test_not_half_a_server(self):
        self.set(guest_fails={"model": {"detail": "There is no room."}})
        self.up()
        self.fails(self.easel("bake"), "not_ready")
        self.assertNotIn("images", self.own())


class Down(CloudTest):
    def test_asks_and_proves(self):
        self.up_works("--public", "--from", "198.51.100.9")
        question = self.run_program("down", "--json")
        self.assertEqual((question.status, question.events[-1]["id"]), (3, "down"))
        for part in ("the machine easel in us-central1-a ($0.71 an hour while it runs)", "the network easel-net (free)", "the firewall rule easel-home"):
            self.assertIn(part, question.events[-1]["text"])
        self.assertIn("instances", self.own())
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own(), {})
        self.assertIn("nothing of easel", self.run_program("down").out)

    def test_leftovers_in_other_places(self):
        self.up_works()
        token = self.folder / "token"
        token.write_text("hf_secret123\n")
        self.up_works("--token-file", str(token))
        world = self.world()
        things = world["things"]
        label = {"easel": "easel"}
        things["instances"]["europe-west4-b/easel"] = {**self.machine(), "zone": "zones/europe-west4-b", "interface": "", "resourcePolicies": []}
        things["disks"]["europe-west4-b/easel"] = {"name": "easel", "zone": "zones/europe-west4-b", "sizeGb": "60"}
        things["disks"]["us-central1-f/easel"] = {"name": "easel", "zone": "zones/us-central1-f", "sizeGb": "60", "labels": label}
        things["subnets"]["europe-west4/easel-net"] = {"name": "easel-net", "region": "regions/europe-west4", "description": "Made by easel-gcp for easel"}
        things["routers"]["europe-west4/easel-router"] = {"name": "easel-router", "region": "regions/europe-west4", "description": "Made by easel-gcp for easel"}
        things["images"]["easel-20250101-000000"] = {"name": "easel-20250101-000000", "status": "READY", "diskSizeGb": "60", "labels": label, "creationTimestamp": "2025"}
        self.write(world)
        question = self.run_program("down", "--json").events[-1]["text"]
        for part in ("europe-west4-b", "us-central1-f, 60 GB ($6.00 a month)", "easel-20250101-000000", "easel-hub-token", "easel-router"):
            self.assertIn(part, question)
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own(), {})

    def test_what_cannot_be_removed_is_told(self):
        self.up_works()
        self.set(undeletable=["networks"])
        answer = self.easel("down")
        self.fails(answer, "internal", "the network easel-net", "already being used", "dashboard?project=pictures-1")
        self.assertEqual(list(self.own()), ["networks"])
        self.set()
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own(), {})

    def test_what_may_not_be_removed(self):
        self.up_works()
        self.set(denied=["compute firewall-rules delete"])
        self.fails(self.easel("down"), "no_permission", "the firewall rule easel-iap", "Required 'compute.instances.create' permission")
        self.assertNotIn("instances", self.own())

    def test_a_name_that_begins_another(self):
        self.up_works()
        self.up_works("--name", "easel-until", "--zone", "us-central1-b")
        self.assertEqual(self.easel("down").status, 0)
        self.assertEqual(self.own()["instances"], ["us-central1-b/easel-until"])
        self.assertEqual(len(self.own()["resource policies"]), 1)
        self.assertEqual(self.easel("down", "--name", "easel-until").status, 0)
        self.assertEqual(self.own(), {})


if __name__ == "__main__":
    unittest.main()
