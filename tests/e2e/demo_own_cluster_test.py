#!/usr/bin/env python3
"""The demo on a cluster of the user's: it asks first, keeps to its own names, and cleans up."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from helm_release import ROOT, Release, until  # noqa: E402

LIMIT_SECONDS = 300
CLUSTER_WIDE = ("namespaces,crds,clusterroles,clusterrolebindings,validatingadmissionpolicies,"
                "validatingadmissionpolicybindings,mutatingadmissionpolicies,"
                "mutatingadmissionpolicybindings")
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
        cls.release = Release("--nodes", "2")
        cls.addClassCleanup(cls.release.down)
        cls.context = cls.release.kubectl("config", "current-context").strip()
        cls.server = cls.release.kubectl(
            "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")

    def demo(self, command, **environment):
        environment = dict(os.environ, MUSTER_STATE=str(self.release.folder / "state"),
                           KUBECONFIG=f"{self.release.kubeconfig}:/nowhere", **environment)
        done = subprocess.run([sys.executable, str(ROOT / "hack" / "demo.py"), command], text=True,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def objects(self):
        return {(item["kind"], item["metadata"]["name"])
                for item in self.release.items(CLUSTER_WIDE)}

    def test_without_a_yes_it_shows_context_and_server_and_touches_nothing(self):
        before = self.objects()
        for answer in ({}, {"DEMO_CONFIRM": "another"}):
            code, said = self.demo("start", **answer)
            self.assertEqual(code, 1)
            self.assertIn(f"context {self.context}", said)
            self.assertIn(f"server  {self.server}", said)
            self.assertIn(f"DEMO_CONFIRM={self.context}", said)
        self.assertEqual(self.objects(), before)

    def test_it_refuses_where_another_muster_runs(self):
        self.release.kubectl("apply", "-f", "-", text=ANOTHER)
        code, said = self.demo("start", DEMO_CONFIRM=self.context)
        self.release.kubectl("delete", "-f", "-", text=ANOTHER)
        self.assertEqual(code, 1)
        self.assertIn("another Muster runs here: deployment default/muster-operator", said)

    def test_it_keeps_to_its_own_names_and_stop_removes_them(self):
        before = self.objects()
        self.addCleanup(self.demo, "stop")
        code, said = self.demo("start", DEMO_CONFIRM=self.context)
        self.assertEqual(code, 0, said)
        code, said = self.demo("samples")
        self.assertEqual(code, 0, said)
        made = self.objects() - before
        strangers = {(kind, name) for kind, name in made if not name.startswith("muster-demo-")
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
