"""Ceilings: what waits for quota, what can never fit, and what a tenant's policies refuse."""

from kube_client import path_of
from story import Story, template


class Ceilings(Story):
    def test_what_waits_and_what_is_too_large(self):
        self.scene.set_tenant({"resourceQuota": {"gpu": 4}})
        self.scene.job("first", gpu=3)
        self.scene.wait("first", phase="Running")
        self.scene.job("second", gpu=2, sim={"run-seconds": 1})
        self.scene.job("large", gpu=5)
        status = self.scene.wait("second", phase="Pending", reason="WaitingForQuota")
        self.assertIn("needs 2 nvidia.com/gpu", status["message"])
        self.assertIn("1 of 4 left (3 in use)", status["message"])
        self.assertEqual(self.scene.condition("second", "QuotaReserved")["status"], "False")
        status = self.scene.wait("large", phase="Pending", reason="ExceedsMaxQuota")
        self.assertIn(f"tenant {self.scene.name} may have at most 4", status["message"])
        self.scene.wait_event("large", "FailedScheduling", "ExceedsMaxQuota")
        self.scene.patch("first", cancel=True)
        self.scene.wait("second", phase="Succeeded")
        self.assertEqual(self.scene.status("large")["phase"], "Pending")
        self.scene.set_tenant({"resourceQuota": {"gpu": 8}})
        self.scene.wait("large", phase="Running")

    def test_limits_on_the_number_and_size_of_jobs(self):
        self.scene.set_tenant({"limits": {"maxRunningJobs": 1, "maxPendingJobs": 2,
                                          "maxGpusPerJob": 2}})
        self.scene.job("runs")
        self.scene.wait("runs", phase="Running")
        self.scene.job("large", gpu=3)
        status = self.scene.wait("large", reason="ExceedsMaxQuota")
        self.assertIn("may have at most 2", status["message"])
        self.scene.job("next")
        status = self.scene.wait("next", reason="WaitingForQuota")
        self.assertIn("1 of at most 1 running jobs", status["message"])
        self.scene.job("third")
        # Jobs of one second come in the order of their UIDs: any of the three may be the last.
        waiting = ("large", "next", "third")
        over = "limits.maxPendingJobs is 2, and that many pending jobs came before"
        beyond = self.scene.until("one is beyond the limit", lambda: [
            n for n in waiting if over in self.scene.status(n).get("message", "")], about="third")
        self.assertEqual(len(beyond), 1)
        self.scene.patch([n for n in waiting if n not in beyond][0], cancel=True)
        self.scene.until("it is looked at", lambda: over not in self.scene.status(
            beyond[0]).get("message", ""), about=beyond[0])

    def test_a_namespace_quota_counts_requests_and_jobs(self):
        self.scene.kube.make("ResourceQuota", {
            "apiVersion": "scheduler.io/v1", "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": self.scene.name},
            "spec": {"hard": {"requests.cpu": "3", "count/jobs": "3"}}})
        self.scene.until("quota is ready", lambda: self.quota().get("conditions"))
        self.scene.job("a", cpu="2")
        self.scene.wait("a", phase="Running")
        self.scene.job("b", cpu="2", sim={"run-seconds": 1})
        status = self.scene.wait("b", reason="WaitingForQuota")
        self.assertIn(f"the quota of namespace {self.scene.name} has 1 of 3 left",
                      status["message"])
        self.scene.job("c", cpu="4")
        self.scene.wait("c", reason="ExceedsMaxQuota")
        self.scene.next_second()
        self.scene.job("d", cpu="1")
        status = self.scene.wait("d", reason="WaitingForQuota")
        self.assertIn("count/jobs", status["message"])
        self.scene.until("usage in status", lambda: self.quota().get("cpu") == "2/3")
        self.scene.patch("a", cancel=True)
        self.scene.wait("b", phase="Succeeded")
        self.scene.wait("d", phase="Running")

    def quota(self):
        body = self.scene.mirror.get("ResourceQuota", self.scene.name, "q") or {}
        return body.get("status", {})

    def core_quota(self, name, **hard):
        path = path_of("CoreQuota", self.scene.name, name)
        self.scene.kube.apply(path, {
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": name, "namespace": self.scene.name}, "spec": {"hard": hard}})
        self.scene.until("core quota counted", lambda: self.scene.kube.get(path).get(
            "status", {}).get("hard"))

    def test_exceeded_core_quota_waits(self):
        self.core_quota("cpu", **{"requests.cpu": "1"})
        self.scene.job("a", cpu="2", sim={"run-seconds": 1})
        status = self.scene.wait("a", phase="Pending", reason="WaitingForQuota")
        self.assertIn("exceeded quota: cpu", status["message"])
        self.scene.kube.delete(path_of("CoreQuota", self.scene.name, "cpu"))
        status = self.scene.wait("a", phase="Succeeded")
        self.assertEqual(status["failures"], 0)

    def test_core_quota_exceeded_at_the_create_waits_too(self):
        self.scene.job("first")
        self.scene.wait("first", phase="Running")  # now the template is known to be good
        self.core_quota("pods", pods="1")
        self.scene.job("second", sim={})
        self.scene.job("gang", replicas=2)
        for name in ("second", "gang"):
            status = self.scene.wait(name, phase="Pending", reason="WaitingForQuota")
            self.assertIn("exceeded quota: pods", status["message"])
            self.assertEqual(status["failures"], 0)
        self.assertEqual(self.scene.pods("gang"), [])
        self.scene.kube.delete(path_of("CoreQuota", self.scene.name, "pods"))
        self.scene.wait("second", phase="Running")
        self.scene.wait("gang", phase="Running")

    def test_defaults_of_a_limit_range_are_counted(self):
        self.scene.set_tenant({"resourceQuota": {"cpu": 3}})
        self.scene.kube.make("LimitRange", {
            "apiVersion": "v1", "kind": "LimitRange",
            "metadata": {"name": "defaults", "namespace": self.scene.name},
            "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "2"}}]}})
        self.scene.short("a", resources={"memory": "64Mi"})
        self.scene.wait("a", phase="Running")
        self.scene.short("b", resources={"memory": "64Mi"})
        status = self.scene.wait("b", reason="WaitingForQuota")
        self.assertIn("needs 2 cpu", status["message"])
        self.scene.kube.delete(path_of("LimitRange", self.scene.name, "defaults"))
        self.scene.wait("b", phase="Running")


class Policies(Story):
    def test_a_namespace_without_a_tenant_waits(self):
        scene = self.new_scene("nobodys-namespace", tenant=None)
        scene.job("a", sim={"run-seconds": 1})
        status = scene.wait("a", phase="Pending", reason="NoTenant")
        self.assertIn("no Tenant claims namespace nobodys-namespace", status["message"])
        scene.set_tenant({})
        scene.wait("a", phase="Succeeded")

    def test_a_priority_above_the_tenants_class(self):
        self.scene.set_tenant({"priorityClass": "normal"})
        self.scene.job("bold", priority="high", sim={"run-seconds": 1})
        self.scene.job("plain", sim={"run-seconds": 1})
        status = self.scene.wait("bold", phase="Pending", reason="Misconfigured")
        for word in ("high", "normal", self.scene.name):
            self.assertIn(word, status["message"])
        self.assertEqual(self.scene.condition("bold", "Misconfigured")["status"], "True")
        self.assertEqual(self.scene.wait("plain", phase="Succeeded")["priority"], "normal")
        self.scene.patch("bold", priority="normal")
        self.scene.wait("bold", phase="Succeeded")
        self.assertEqual(self.scene.condition("bold", "Misconfigured")["status"], "False")

    def test_the_security_policy_refuses_by_field(self):
        self.scene.set_tenant({"securityPolicy": {
            "runAsNonRoot": True, "allowPrivileged": False, "allowHostNetwork": False,
            "allowHostPath": False, "allowPrivilegeEscalation": False}})
        cases = {
            "root": ({"securityContext": {"runAsUser": 0}}, "runAsUser", "runAsNonRoot: true"),
            "host": ({"hostNetwork": True}, "hostNetwork", "allowHostNetwork: false"),
            "path": ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "hostPath",
                     "allowHostPath: false"),
            "privileged": (None, "privileged", "allowPrivileged: false")}
        for name, (pod, _, _) in cases.items():
            body = template(**(pod or {}))
            if pod is None:
                body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
            self.scene.job(name, tasks=[{"name": "main", "template": body}])
        self.scene.job("fine", sim={"run-seconds": 1})
        self.scene.wait("fine", phase="Succeeded")
        pod = self.scene.pods("fine")[0]
        self.assertTrue(pod["spec"]["securityContext"]["runAsNonRoot"])
        for name, (_, field, rule) in cases.items():
            status = self.scene.wait(name, phase="Pending", reason="Misconfigured")
            self.assertRegex(status["message"], rf"spec\.tasks\[0\].*{field}.*{rule}")
            self.assertEqual(self.scene.pod_changes(name), [])
