#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks off at the commands of gcloud, one run for each; the same command, run again, must come to the same end.

Each command that changes something fails once before Google hears of it, and once after Google has done it and the
answer is lost. Of those that only look every third fails; with EASEL_GCP_BREAKS=all every one.
"""
import concurrent.futures
import os
import unittest

from harness import CloudTest

CHANGES = {"create", "enable", "add", "add-labels", "add-metadata", "add-resource-policies", "remove-resource-policies", "add-iam-policy-binding",
           "delete", "start", "stop", "set-scheduling", "ssh", "scp", "destroy", "update"}


class Breaks(CloudTest):
    def breaks(self, prepare, words):
        """Runs easel-gcp with words(test) in the world that `prepare` has made, broken off at each of its calls."""
        first = Breaks()
        first.setUp()
        prepare(first)
        prepared = {name: (first.folder / name).read_text() for name in ("world.json", "clock")}
        before = len(first.world()["calls"])
        answer = first.easel(*words(first))
        self.assertEqual(answer.status, 0, answer.out)
        calls = first.world()["calls"][before:]
        wanted = first.own()
        changing = {number for number, call in enumerate(calls) if CHANGES & set(call[:5])}
        looks = range(0, len(calls), 1 if os.environ.get("EASEL_GCP_BREAKS") == "all" else 3)
        places = [("break_before", number + 1) for number in sorted(changing.union(looks))]
        places += [("break_after", number + 1) for number in sorted(changing)]
        first.tearDown()
        first.doCleanups()
        self.assertGreater(len(places), 5)

        def one(place):
            kind, number = place
            test = Breaks()
            test.setUp()
            try:
                for name, text in prepared.items():
                    (test.folder / name).write_text(text)
                made = len(test.world()["made"])
                test.set(**{kind: len(test.world()["calls"]) + number})
                broken = test.easel(*words(test))
                test.set()
                again = test.easel(*words(test))
                twice = [each for each in test.world()["made"][made:]]
                test.assertEqual(again.status, 0, again.out)
                # A schedule is named by its minute, and time has passed.
                test.assertEqual({kind: len(names) if kind in ("resource policies", "images") else names for kind, names in test.own().items()},
                                 {kind: len(names) if kind in ("resource policies", "images") else names for kind, names in wanted.items()})
                kinds = [kind for kind, _ in twice if kind not in ("resource policies", "images", "quota requests")]
                test.assertEqual(len(kinds), len(set(kinds)) + kinds.count("firewall rules") - (1 if "firewall rules" in kinds else 0), twice)
                if broken.status != 0:
                    test.assertIn(broken.error()["code"], ("network", "not_ready"), broken.out)
                test.tearDown()
                return None
            except AssertionError as error:
                return f"{kind} {number} ({' '.join(calls[number - 1][:4])}): {error}"
            finally:
                test.doCleanups()

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            problems = [each for each in pool.map(one, places) if each]
        self.assertEqual(problems, [])

    def test_up(self):
        def prepare(test):
            test.change(services=["iam.googleapis.com"], global_quotas={"GPUS_ALL_REGIONS": [0, 0]})

        self.breaks(prepare, lambda test: ("up", "--packages", str(test.packages)))

    def test_start_and_extend(self):
        def stopped(test):
            test.up_works("--hours", "2")
            test.easel("stop")

        def running(test):
            test.up_works("--hours", "2")

        self.breaks(stopped, lambda test: ("start",))
        self.breaks(running, lambda test: ("extend",))

    def test_down(self):
        def prepare(test):
            test.up_works("--way-out", "nat")

        self.breaks(prepare, lambda test: ("down",))


if __name__ == "__main__":
    unittest.main()
