#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Google, the project or the machine may say no to, and that what is said then helps."""
import os
import unittest

from harness import CloudTest


class Access(CloudTest):
    def test_without_gcloud(self):
        self.environment["PATH"] = f"{self.folder}/bin"
        tools = self.folder / "bin"
        tools.mkdir()
        for name in ("bash", "dirname", "readlink", "mktemp", "cat", "rm", "date", "sed", "grep", "find", "sort", "tail", "sha256sum", "cut"):
            os.symlink(f"/usr/bin/{name}" if os.path.exists(f"/usr/bin/{name}") else f"/bin/{name}", tools / name)
        for command in (["account"], ["list"], ["up", "--packages", str(self.packages)]):
            self.fails(self.easel(*command), "gcloud_missing", "https://cloud.google.com/sdk/docs/install")

    def test_not_signed_in(self):
        self.set(logged_out=True)
        self.fails(self.easel("account"), "not_logged_in", "gcloud auth login")
        self.fails(self.up(), "not_logged_in")
        self.fails(self.easel("status"), "not_logged_in")

    def test_the_account_and_its_projects(self):
        self.assertEqual(self.easel("account").of("account")[0]["email"], "ada@example.com")
        self.assertEqual(self.easel("projects").of("project"), [{"event": "project", "id": "pictures-1", "name": "Ada's \"pictures\""}])

    def test_no_project(self):
        self.set(project="")
        self.fails(self.up(), "no_project", "--project", "projectcreate")
        self.set(project="(unset)")
        self.fails(self.easel("list"), "no_project")

    def test_a_project_that_is_not_the_accounts(self):
        self.fails(self.up("--project", "somebody-elses"), "no_permission", "somebody-elses")

    def test_no_billing(self):
        self.set(billing=False)
        self.fails(self.up(), "no_billing", "https://console.cloud.google.com/billing/linkedaccount?project=pictures-1")
        self.assertEqual(self.world()["made"], [])

    def test_a_closed_billing_account_that_is_hidden(self):
        self.set(billing="hidden", billing_closed=True)
        self.change(services=[])
        answer = self.up()
        self.fails(answer, "no_billing")
        self.assertEqual(answer.stages()["billing"], "skipped")

    def test_services_that_may_not_be_switched_on(self):
        self.set(may_not_enable=True)
        self.change(services=[])
        self.fails(self.up(), "no_permission", "Service Usage Admin")

    def test_a_service_that_is_off(self):
        self.change(services=[])
        for command in ("status", "list", "stop"):
            self.fails(self.easel(command), "api_disabled", "Compute Engine API")

    def test_no_permission_for_a_step(self):
        for denied in ("compute networks create", "iam service-accounts create", "compute instances create", "compute project-info"):
            with self.subTest(denied):
                self.set(denied=[denied])
                if not denied.startswith("iam"):
                    answer = self.up()
                    self.fails(answer, "no_permission", "compute.admin", "Required")
                    self.assertIn("failed", answer.stages().values())
        self.set()
        self.up_works()

    def test_the_network_of_the_laptop(self):
        self.set(break_before=1)
        self.fails(self.easel("account"), "network", "goes on where it was")


class Quota(CloudTest):
    def no_room(self, **scenario):
        self.change(global_quotas={"GPUS_ALL_REGIONS": [0, 0]})
        self.set(**scenario)

    def test_granted_at_once(self):
        self.no_room()
        answer = self.up_works()
        request = list(self.world()["things"]["quota requests"].values())[0]
        self.assertEqual(request["quotaId"], "GPUS-ALL-REGIONS-per-project")
        self.assertIn("waiting", [each["state"] for each in answer.of("stage") if each["id"] == "quota"])
        create = self.commands("beta", "quotas", "preferences", "create")[0]
        self.assertIn("--email=ada@example.com", create)
        self.assertIn("Stable Diffusion", [word for word in create if word.startswith("--justification=")][0])

    def test_granted_after_a_while(self):
        self.no_room(quota_answer=300)
        self.up_works()
        self.assertEqual(len(self.commands("beta", "quotas", "preferences", "create")), 1)

    def test_both_quotas_are_short(self):
        self.no_room()
        self.change(regional_quotas={"NVIDIA_L4_GPUS": [2, 2]})
        self.up_works()
        self.assertEqual(sorted(self.world()["things"]["quota requests"]), ["easel-gpus-all-regions-per-project", "easel-nvidia-l4-gpus-per-project-region-us-central1"])

    def test_pending_and_taken_up_the_next_day(self):
        self.no_room(quota_answer="pending")
        answer = self.up()
        self.fails(answer, "quota_pending", "Run the same command later", "https://console.cloud.google.com/iam-admin/quotas?project=pictures-1")
        self.assertEqual(answer.stages()["quota"], "failed")
        self.assertEqual(self.own(), {})
        self.fails(self.up("--wait-quota", "0"), "quota_pending")
        self.pass_time(86400)
        self.set(quota_answer="granted")
        self.up_works()
        self.assertEqual(len(self.commands("beta", "quotas", "preferences", "create")), 1)

    def test_refused(self):
        self.no_room(quota_answer="refused")
        self.fails(self.up(), "quota_refused", "unable to grant", "free trials")
        self.assertEqual(self.own(), {})

    def test_refused_at_once(self):
        self.no_room(quota_answer="refused at once")
        self.fails(self.up(), "quota_refused", "usage history")

    def test_zero_and_nothing_is_asked_for(self):
        self.no_room()
        self.fails(self.up("--no-quota-request"), "quota_zero", "Stable Diffusion", "quotas?project=pictures-1")
        self.assertEqual(self.commands("beta"), [])

    def test_zero_is_told_only_when_the_machine_is_made(self):
        self.set(quota_at_creation="GPUS_ALL_REGIONS")
        self.fails(self.up(), "quota_zero", "Quota 'GPUS_ALL_REGIONS' exceeded")

    def test_spot_has_a_quota_of_its_own(self):
        self.change(regional_quotas={"NVIDIA_L4_GPUS": [1, 0], "PREEMPTIBLE_NVIDIA_L4_GPUS": [0, 0]})
        self.up_works("--spot")
        self.assertEqual(list(self.world()["things"]["quota requests"]), ["easel-preemptible-nvidia-l4-gpus-per-project-region-us-central1"])

    def test_families(self):
        self.up_works("--gpu", "h100", "--flex")
        create = self.commands("beta", "quotas", "preferences", "create")[0]
        self.assertIn("--dimensions=region=us-central1,gpu_family=NVIDIA_H100", create)


class Capacity(CloudTest):
    def tried(self):
        return [word[len("--zone="):] for call in self.commands("compute", "instances", "create") for word in call if word.startswith("--zone=")]

    def test_google_names_the_free_zones(self):
        self.set(stock={"us-central1-a": ["us-central1-c", "us-east1-b"], "us-central1-b": []})
        answer = self.up_works()
        self.assertEqual(self.tried(), ["us-central1-a", "us-central1-c"])
        self.assertEqual(answer.of("machine")[-1]["zone"], "us-central1-c")

    def test_google_names_none(self):
        self.set(stock={"us-central1-a": "out", "us-central1-b": "out"})
        self.up_works()
        self.assertEqual(self.tried(), ["us-central1-a", "us-central1-b", "us-central1-c"])

    def test_nothing_is_free_in_the_region(self):
        self.set(stock={zone: ["us-east1-b"] for zone in ("us-central1-a", "us-central1-b", "us-central1-c")})
        answer = self.up()
        self.fails(answer, "stockout", "us-central1-a us-central1-b us-central1-c", "us-east1-b", "--spot, $0.28", "--flex", "--gpu t4 ($0.54")
        self.assertNotIn("instances", self.own())
        self.set()
        self.up_works("--region", "us-east1")

    def test_in_the_zone_that_was_asked_for_only(self):
        self.set(stock={"us-central1-b": ["us-central1-a"]})
        self.fails(self.up("--zone", "us-central1-b"), "stockout")
        self.assertEqual(self.tried(), ["us-central1-b"])

    def test_a_region_without_such_a_gpu(self):
        self.fails(self.up("--region", "europe-north1"), "bad_argument", "europe-north1")

    def test_none_is_free_when_it_is_started_again(self):
        self.up_works()
        self.easel("stop")
        self.set(stock={"us-central1-a": "out"})
        self.fails(self.easel("start"), "stockout")
        self.assertEqual(self.machine()["status"], "TERMINATED")


class Inside(CloudTest):
    """What goes wrong in the machine."""

    def failing(self, stage, detail, code, *parts, words=()):
        self.set(guest_fails={stage: {"detail": detail}})
        answer = self.up(*words)
        self.fails(answer, code, *parts)
        self.assertEqual(answer.stages()[stage], "failed")
        # The next run finds the failure and tries again by itself, with the same end or another.
        self.fails(self.up(*words), code)
        self.set()
        answer = self.up_works(*words)
        self.assertIn("it failed before; trying again", [each["detail"] for each in answer.of("stage")])

    def test_the_driver(self):
        self.failing("driver", "The NVIDIA driver is installed, but it does not see the GPU.", "driver_failed", "does not see the GPU", "easel-gcp stop")

    def test_the_package(self):
        self.failing("package", "The packages of Easel could not be installed.", "package_failed")

    def test_libtorch(self):
        self.failing("libtorch", "libtorch could not be fetched: no route to host.", "package_failed", "no route")

    def test_the_server(self):
        self.failing("ready", "The server does not start: no room.", "not_ready")

    def test_a_model_whose_licence_one_must_accept(self):
        self.failing("model", "The files of o/m are for those who have accepted its licence.", "model_gated", "https://huggingface.co/o/m", "--token-file", words=("--model", "o/m"))

    def test_a_model_that_is_not_there(self):
        self.failing("model", "The hub shows no model o/m: there is none of this name.", "package_failed", words=("--model", "o/m"))

    def test_a_bucket_that_the_machine_may_not_read(self):
        self.set(guest_fails={"package": {"detail": "The bucket b-1 cannot be read: Google answers 403."}})
        answer = self.easel("up", "--packages", "gs://b-1/easel")
        self.fails(answer, "package_failed", "gcloud storage buckets add-iam-policy-binding gs://b-1 --member=serviceAccount:easel-vm@pictures-1.iam.gserviceaccount.com")

    def test_packages_from_a_bucket(self):
        answer = self.easel("up", "--packages", "gs://b-1/easel")
        self.assertEqual(answer.status, 0, answer.out)
        self.assertEqual(self.machine()["metadata"]["easel-packages"], "gs://b-1/easel")
        self.assertEqual(self.commands("compute", "scp"), [])

    def test_people_see_the_end_of_the_log(self):
        self.set(guest_fails={"driver": {"detail": "It does not see the GPU."}})
        answer = self.run_program("up", "--packages", str(self.packages), "--yes")
        self.assertEqual((answer.status, answer.out), (1, ""))
        self.assertIn("apt: the last line", answer.err)
        self.assertIn("It does not see the GPU.", answer.err)

    def test_a_laptop_that_is_offline_for_a_while(self):
        began = self.now()
        self.set(offline=[began + 60, began + 180])
        self.up_works()
        self.assertGreater(self.now(), began + 180)
        self.easel("down")
        began = self.now()
        self.set(offline=[began + 60, began + 10**6])
        self.fails(self.up(), "network", "name resolution")

    def test_preempted_while_it_is_set_up(self):
        self.set(preempted_after=25)
        self.fails(self.up("--spot"), "preempted", "easel-gcp start")
        self.set()
        self.up_works()

    def test_stopped_while_it_is_set_up(self):
        self.set(idle_after=25)
        self.fails(self.up(), "not_ready", "is stopped")
        self.set()
        self.up_works()

    def test_a_machine_that_does_not_take_what_it_gets(self):
        self.up_works()
        self.set(deaf=True)
        self.fails(self.up("--idle", "45"), "not_ready", "new settings")
        (self.packages / "easel-server_0.1.1_amd64.deb").write_text("newer")
        self.fails(self.up(), "package_failed", "did not take the packages")

    def test_a_machine_that_says_nothing(self):
        self.set(sshd_after=10**9)
        self.fails(self.up(), "not_ready", "IAP")
        self.set()
        self.up_works()


if __name__ == "__main__":
    unittest.main()
