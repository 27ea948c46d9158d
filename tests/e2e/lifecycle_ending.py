"""How jobs end by request or by time, and what is left of them."""

import time

from kube_client import path_of
from story import Story, in_time, unix


class Time(Story):
    def test_max_runtime_ends_an_attempt_and_counts(self):
        self.scene.job("long", sim={}, maxRuntimeSeconds=2,
                       retryPolicy={"maxRetries": 1, "initialDelaySeconds": 1})
        status = self.scene.wait("long", phase="Failed")
        self.assertEqual((status["attempt"], status["failures"]), (2, 2))
        self.assertIn("ran longer than spec.maxRuntimeSeconds, 2 s", status["message"])
        self.assertEqual(self.scene.condition("long", "Failed")["reason"], "MaxRuntimeExceeded")

    def test_active_deadline_spans_all_attempts(self):
        self.scene.job("dead", sim={}, activeDeadlineSeconds=3)
        self.scene.job("retries", sim={"exit-code": 1}, activeDeadlineSeconds=3,
                       retryPolicy={"maxRetries": 5, "initialDelaySeconds": 60})
        for name in ("dead", "retries"):
            status = self.scene.wait(name, phase="Failed")
            self.assertEqual(status["reason"], "DeadlineExceeded")
            self.assertIn("spec.activeDeadlineSeconds, 3 s", status["message"])

    def test_a_missed_deadline_is_said_and_prevents_nothing(self):
        self.scene.set_tenant({"resourceQuota": {"cpu": 4}})
        self.scene.job("late", sim={"run-seconds": 2}, deadline="2024-01-01T12:00:00Z")
        self.scene.job("waits", cpu="5", deadline=in_time(3))
        self.scene.wait("late", phase="Succeeded")
        for name in ("late", "waits"):
            missed = self.scene.until("DeadlineMissed", lambda name=name: self.scene.condition(
                name, "DeadlineMissed"), about=name)
            self.assertEqual(missed["status"], "True")
        self.assertEqual(self.scene.status("waits")["phase"], "Pending")

    def test_a_finished_job_goes_after_its_ttl_and_its_pods_follow(self):
        self.scene.job("brief", replicas=2, sim={"run-seconds": 1}, ttlSecondsAfterFinished=5)
        self.scene.job("kept", sim={"run-seconds": 1})
        ended = unix(self.scene.wait("brief", phase="Succeeded")["completionTime"])
        self.assertEqual([p["status"]["phase"] for p in self.scene.pods("brief")],
                         ["Succeeded"] * 2)
        self.scene.gone("Job", "brief")
        self.assertGreaterEqual(time.time() - ended, 5)
        self.scene.until("pods gone", lambda: not self.scene.pods("brief"))
        self.scene.wait("kept", phase="Succeeded")
        self.assertEqual(len(self.scene.pods("kept")), 1)


class Request(Story):
    def test_suspend_gives_the_place_back_and_resume_runs_again(self):
        self.scene.job("job", replicas=2, sim={"run-seconds": 60})
        self.scene.wait("job", phase="Running")
        self.scene.patch("job", suspend=True)
        status = self.scene.wait("job", phase="Suspended")
        self.assertNotIn("placement", status)
        self.assertEqual(self.scene.running("job"), [])
        task = {"name": "main", "replicas": 1, "template": {"metadata": {"annotations": {
            "sim.scheduler.io/run-seconds": "1"}}, "spec": {"containers": [
                {"name": "main", "image": "busybox:2"}]}}}
        self.scene.patch("job", tasks=[task])
        self.scene.patch("job", suspend=False)
        self.scene.wait("job", phase="Succeeded", attempt=2)
        pod = [p for p in self.scene.pods("job")
               if p["metadata"]["labels"]["scheduler.io/attempt"] == "2"][0]
        self.assertEqual(pod["spec"]["containers"][0]["image"], "busybox:2")

    def test_a_job_created_suspended_has_no_pod(self):
        self.scene.short("later", suspend=True, command=["sleep", "1"])
        self.scene.wait("later", phase="Suspended")
        self.assertEqual(self.scene.pod_changes("later"), [])
        self.scene.patch("later", suspend=False)
        self.scene.wait("later", phase="Succeeded", attempt=1)

    def test_cancel_while_pending(self):
        self.scene.set_tenant({"resourceQuota": {"cpu": 1}})
        self.scene.job("big", cpu="2")
        self.scene.wait("big", phase="Pending", reason="ExceedsMaxQuota")
        self.scene.patch("big", cancel=True)
        self.scene.wait("big", phase="Cancelled")
        self.assertEqual(self.scene.pod_changes("big"), [])

    def test_cancel_while_its_pods_start(self):
        self.scene.job("starts", replicas=2, sim={"start-seconds": 60})
        self.scene.wait("starts", phase="Scheduling")
        self.scene.until("pods", lambda: len(self.scene.pods("starts")) == 2)
        self.cancelled("starts")

    def test_cancel_while_it_runs(self):
        self.scene.job("runs", replicas=2)
        self.scene.job("solo")
        self.scene.wait("runs", phase="Running")
        self.scene.wait("solo", phase="Running")
        self.cancelled("runs")
        self.cancelled("solo")

    def cancelled(self, name):
        self.scene.patch(name, cancel=True)
        status = self.scene.wait(name, phase="Cancelled")
        self.assertNotIn("placement", status)
        self.assertEqual(self.scene.condition(name, "Failed")["reason"], "Cancelled")
        self.assertEqual(self.scene.running(name), [])

    def test_deleting_a_job_cleans_up(self):
        self.scene.job("gone", replicas=2)
        self.scene.wait("gone", phase="Running")
        self.scene.delete("Job", "gone")
        self.scene.until("all of it gone", lambda: not self.scene.pods("gone") and (
            self.scene.mirror.get("Service", self.scene.name, "gone") is None))

    def test_kubectl_waits_and_shows_columns(self):
        self.scene.job("seen", replicas=2, gpu=1, sim={"run-seconds": 2}, priority="low")
        space = ["-n", self.scene.name]
        self.house.kubectl("wait", *space, "--for=condition=Complete", "--timeout=90s",
                           "jobs.scheduler.io/seen")
        head, row = self.house.kubectl("get", "mj", "seen", *space).stdout.splitlines()
        self.assertEqual(head.split(), ["NAME", "TENANT", "PRIORITY", "PHASE", "REASON", "GPUS",
                                        "READY", "AGE"])
        self.assertEqual(row.split()[:4], ["seen", self.scene.name, "low", "Succeeded"])
        body = self.scene.kube.get(path_of("Job", self.scene.name, "seen"))
        self.assertEqual(body["metadata"]["annotations"]["scheduler.io/user"], "muster-admin")
