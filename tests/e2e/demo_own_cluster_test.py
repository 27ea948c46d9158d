#!/usr/bin/env python3
"""The demo on a cluster of the user's: it asks first, keeps to its own names, and cleans up."""

import contextlib
import os
import pathlib
import pty
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from helm_release import ROOT, Release, until  # noqa: E402

LIMIT_SECONDS = 480
CLUSTER_WIDE = ("namespaces,crds,clusterroles,clusterrolebindings,validatingadmissionpolicies,"
                "validatingadmissionpolicybindings,mutatingadmissionpolicies,"
                "mutatingadmissionpolicybindings")
TENANTS = ROOT / "crds" / "tenants.yaml"
LEASE = """
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: muster-operator, namespace: default}
spec: {holderIdentity: operator-0_x, leaseTransitions: 1}
"""
STRAY = """
apiVersion: scheduler.io/v1
kind: Tenant
metadata: {name: team-a}
spec: {}
"""
ANOTHER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: muster-operator, namespace: default, labels: {app.kubernetes.io/part-of: muster}}
spec:
  replicas: 0
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: c, image: i}]}
"""


class DemoOnOwnClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.release = Release("--nodes", "8")
        cls.addClassCleanup(cls.release.down)
        cls.context = cls.release.kubectl("config", "current-context").strip()
        cls.server = cls.release.kubectl(
            "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")

    def words(self, command, **environment):
        # A new leader waits for one lease duration here, because it may not see how many API servers
        # there are.
        lease = "--lease-duration 4s --lease-renew-deadline 3s --lease-retry-period 500ms"
        return {"args": [sys.executable, str(ROOT / "hack" / "demo.py"), command], "text": True,
                "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
                "env": {**os.environ, "MUSTER_STATE": str(self.release.folder / "state"),
                        "KUBECONFIG": f"{self.release.kubeconfig}:/nowhere",
                        "OPERATOR_FLAGS": lease, **environment}}

    def demo(self, command, **environment):
        done = subprocess.run(**self.words(command, **environment), stdin=subprocess.DEVNULL,
                              check=False)
        return done.returncode, done.stdout

    def start_and_type(self, line):
        """What it says when it is asked at a terminal."""
        ours, its = pty.openpty()
        try:
            os.write(ours, line.encode() + b"\n")
            done = subprocess.run(**self.words("start"), stdin=its, check=False)
        finally:
            os.close(ours)
            os.close(its)
        self.assertEqual(done.returncode, 1)
        return done.stdout

    @contextlib.contextmanager
    def applied(self, text):
        self.release.kubectl("apply", "-f", "-", text=text)
        try:
            yield
        finally:
            self.release.kubectl("delete", "-f", "-", text=text)

    @contextlib.contextmanager
    def tenants_known(self, text):
        """The CRD of Tenants, established and used."""
        with self.applied(text):
            self.release.wait_established("tenants.scheduler.io")
            self.release.use("tenants.scheduler.io")
            yield

    def crd(self):
        """What would change if somebody wrote the CRD of Tenants, which the cluster must have."""
        meta = next(item for item in self.release.items("crds")
                    if item["metadata"]["name"] == "tenants.scheduler.io")["metadata"]
        return meta["uid"], meta["generation"], meta["annotations"]

    def refused(self):
        before = self.objects()
        code, said = self.demo("start", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 1)
        self.assertEqual(self.objects(), before)
        return said

    def objects(self):
        """What is cluster-wide, and what rights there are in namespaces."""
        return {(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
                for item in (*self.release.items(CLUSTER_WIDE),
                             *self.release.items("roles,rolebindings", "-A"))}

    def test_without_a_yes_it_shows_context_and_server_and_touches_nothing(self):
        before = self.objects()
        for answer in ({}, {"DEMO_CONFIRM": "another"}):
            code, said = self.demo("start", **answer)
            self.assertEqual(code, 1)
            self.assertIn(f"context {self.context}", said)
            self.assertIn(f"server  {self.server}", said)
            self.assertIn(f"DEMO_CONFIRM={self.context}", said)
        self.assertEqual(self.objects(), before)

    def test_at_a_terminal_only_the_name_of_the_context_is_a_yes(self):
        with self.applied(ANOTHER):
            for line in ("", "y", "another"):
                self.assertIn("not confirmed", self.start_and_type(line))
            self.assertIn("another Muster runs here", self.start_and_type(self.context))

    def test_it_refuses_where_another_muster_runs(self):
        with self.applied(ANOTHER):
            self.assertIn("another Muster runs here: deployment default/muster-operator",
                          self.refused())
        with self.applied(LEASE):
            self.assertIn("another Muster holds the lease default/muster-operator", self.refused())

    def test_it_refuses_where_there_are_objects_that_are_not_of_the_demo(self):
        with self.tenants_known(TENANTS.read_text()):
            with self.applied(STRAY):
                self.assertIn("this cluster has tenants that are not of the demo (team-a)",
                              self.refused())

    def test_it_refuses_where_a_crd_is_of_another_version(self):
        other = yaml.safe_load(TENANTS.read_text())
        schema = other["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"]["properties"]["weight"]["maximum"] = 5
        with self.tenants_known(yaml.safe_dump(other)):
            before = self.crd()
            self.assertIn("this cluster has the CRD tenants.scheduler.io in another version",
                          self.refused())
            self.assertEqual(self.crd(), before)

    def test_it_keeps_to_its_own_names_and_stop_removes_them(self):
        """A CRD that was there is used, and stays as it was.  The API server has seen all that
        before when it is started again."""
        with self.tenants_known(TENANTS.read_text()):
            crd = self.crd()
            for _ in range(2):
                self.start_and_stop()
                self.assertEqual(self.crd(), crd)

    def test_a_second_demo_is_refused_and_so_is_another_cluster_for_the_first(self):
        self.addCleanup(self.demo, "stop")
        code, said = self.demo("start", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 0, said)
        code, said = self.demo("start", DEMO_CONFIRM=self.context,
                               MUSTER_STATE=str(self.release.folder / "another"))
        self.assertEqual(code, 1)
        self.assertIn("another demo runs here, for there is the namespace muster-demo-system", said)
        for elsewhere in ("", "/nowhere"):
            code, said = self.demo("start", DEMO_CONFIRM=self.context, KUBECONFIG=elsewhere)
            self.assertEqual(code, 1)
            self.assertIn(f"a demo has been started on context {self.context}", said)
            self.assertIn("`make stop` ends it", said)

    def test_where_there_is_no_room_for_the_story_it_says_so(self):
        self.addCleanup(self.demo, "stop")
        self.release.kubectl("cordon", "node-000")
        self.addCleanup(self.release.kubectl, "uncordon", "node-000")
        code, said = self.demo("run", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 1)
        self.assertIn("the story needs 8 nodes with 8 free nvidia.com/gpu each, and this cluster has 7;",
                      said)

    def test_it_tells_the_whole_story(self):
        self.addCleanup(self.demo, "stop")
        code, said = self.demo("run", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"research/sweep: .*flagship")

    def start_and_stop(self):
        before = self.objects()
        self.addCleanup(self.demo, "stop")
        code, said = self.demo("start", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 0, said)
        code, said = self.demo("samples")
        self.assertEqual(code, 0, said)
        made = self.objects() - before
        strangers = {(kind, ns, name) for kind, ns, name in made
                     if not (ns or name).startswith("muster-demo-")
                     and not name.endswith(".scheduler.io")}
        self.assertEqual(strangers, set())
        until("a running job", lambda: any(
            job.get("status", {}).get("phase") == "Running"
            for job in self.release.items("jobs.scheduler.io", "-A")))
        code, said = self.demo("stop")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.objects(), before)
        left = [path.name for path in (self.release.folder / "state").rglob("*.kubeconfig")]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
