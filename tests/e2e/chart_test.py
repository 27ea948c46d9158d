#!/usr/bin/env python3
"""The chart on a real API server: install, upgrade, uninstall, and a second name after that; and the same
by kustomize."""

import json
import pathlib
import re
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from helm_release import CHART, ROOT, Release  # noqa: E402

LIMIT_SECONDS = 240
KINDS = ("deployments,services,serviceaccounts,configmaps,poddisruptionbudgets,networkpolicies,"
         "clusterroles,clusterrolebindings,roles,rolebindings,validatingadmissionpolicies,"
         "validatingadmissionpolicybindings,mutatingadmissionpolicies,"
         "mutatingadmissionpolicybindings")
CRDS = {f"{name}.scheduler.io" for name in ("tenants", "resourcequotas", "jobs", "workflows")}
JOB = """
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: stays, namespace: default}
spec: {image: busybox:1.36, resources: {cpu: 1}}
"""


class ChartTest(unittest.TestCase):
    """One cluster; every test has a release, and a namespace, of its own."""

    @classmethod
    def setUpClass(cls):
        cls.release = Release("--no-kwok")
        cls.addClassCleanup(cls.release.down)

    def install(self, name, *more):
        self.release.helm("install", name, CHART, "-n", name, "--create-namespace", *more)

    def objects(self, name):
        """(kind, name) of what belongs to a release, by the marks Helm leaves."""
        return {(item["kind"], item["metadata"]["name"])
                for item in self.release.items(KINDS, "-A")
                if item["metadata"].get("annotations", {}).get(
                    "meta.helm.sh/release-name") == name}

    def crds(self):
        return {item["metadata"]["name"] for item in self.release.items("crds")}

    def test_install_brings_crds_policies_and_a_deployment_of_two(self):
        self.install("muster")
        self.assertLessEqual(CRDS, self.crds())
        found = self.objects("muster")
        self.assertIn(("Deployment", "muster-operator"), found)
        self.assertIn(("ClusterRole", "muster-tenant-user"), found)
        kinds = {kind for kind, _ in found}
        self.assertIn("ValidatingAdmissionPolicyBinding", kinds)
        self.assertIn("MutatingAdmissionPolicyBinding", kinds)
        deployment = self.release.items("deployments", "-n", "muster")[0]
        self.assertEqual(deployment["spec"]["replicas"], 2)

    def test_the_policies_ask_for_this_releases_account_and_namespace(self):
        self.install("second", "--set", "fullnameOverride=mine")
        bindings = self.release.items("validatingadmissionpolicybindings")
        namespaces = {b["spec"]["paramRef"]["name"] for b in bindings
                      if b["metadata"]["name"].startswith("mine-") and "paramRef" in b["spec"]}
        self.assertEqual(namespaces, {"second"})
        policies = [json.dumps(policy["spec"]) for policy in self.release.items(
            "validatingadmissionpolicies,mutatingadmissionpolicies")
            if policy["metadata"]["name"].startswith("mine-")]
        accounts = set(re.findall(r"system:serviceaccount:[\w:-]+", " ".join(policies)))
        self.assertEqual(accounts, {"system:serviceaccount:second:mine-operator"})

    def test_an_upgrade_changes_what_changed(self):
        self.install("grown")
        self.release.helm("upgrade", "grown", CHART, "-n", "grown", "--set", "replicas=3",
                          "--set", "config.log.level=debug")
        deployment = self.release.items("deployments", "-n", "grown")[0]
        self.assertEqual(deployment["spec"]["replicas"], 3)
        config = next(item for item in self.release.items("configmaps", "-n", "grown")
                      if item["metadata"]["name"].endswith("-operator"))
        self.assertIn("level: debug", config["data"]["config.yaml"])

    def test_uninstall_removes_policies_first_and_keeps_crds_and_objects(self):
        self.install("gone")
        self.release.wait_admitted()
        self.release.kubectl("apply", "-f", "-", text=JOB)
        self.addCleanup(self.release.kubectl, "delete", "-f", "-", text=JOB)
        bindings = {name for kind, name in self.objects("gone") if kind.endswith("PolicyBinding")}
        self.release.helm("uninstall", "gone", "-n", "gone")
        self.assertEqual(self.objects("gone"), set())
        self.assertLessEqual(CRDS, self.crds())
        self.release.kubectl("get", "jobs.scheduler.io", "stays")
        deletes = [event["objectRef"]["name"] for event in self.release.audit()
                   if event["verb"] == "delete" and event["objectRef"].get("name", "").startswith(
                       "gone-")]
        first_other = min(i for i, name in enumerate(deletes) if name not in bindings)
        self.assertTrue(bindings)
        self.assertLessEqual(bindings, set(deletes[:first_other]))

    def test_another_name_uses_the_crds_that_were_left(self):
        self.install("before")
        self.release.helm("uninstall", "before", "-n", "before")
        self.install("after")
        self.assertIn(("Deployment", "after-muster-operator"), self.objects("after"))
        self.release.helm("upgrade", "after", CHART, "-n", "after", "--take-ownership",
                          "--set", "crds.adopt=true")
        owner = self.release.items("crds")[0]["metadata"]["annotations"]
        self.assertEqual(owner["meta.helm.sh/release-name"], "after")

    def test_wrong_values_are_refused_with_their_name(self):
        done = self.release.try_helm("install", "wrong", CHART, "-n", "wrong", "--set", "replicas=0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("replicas", done.stderr)


class KustomizeTest(unittest.TestCase):
    """A cluster of its own: the base has one name only, and its removal takes the CRDs."""

    BASE = ROOT / "manifests" / "base"

    def setUp(self):
        self.release = Release("--no-kwok")
        self.addCleanup(self.release.down)

    def objects(self):
        return {(item["kind"], item["metadata"]["name"])
                for item in self.release.items(f"namespaces,crds,{KINDS}", "-A")}

    def test_install_and_removal_as_the_documentation_has_them(self):
        wanted = {(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(
            self.release.kubectl("kustomize", self.BASE)) if item}
        self.release.kubectl("apply", "--server-side", "-k", self.BASE)
        self.assertLessEqual(wanted, self.objects())
        self.release.wait_admitted()
        self.release.kubectl("apply", "-f", "-", text=JOB)
        self.release.use(*CRDS)
        self.release.kubectl("delete", "-f", self.BASE / "admission")
        self.assertEqual({kind for kind, _ in wanted - self.objects()},
                         {kind for kind, _ in wanted if "AdmissionPolicy" in kind})
        done = self.release.try_kubectl("delete", "--ignore-not-found", "--timeout", "100s",
                                        "-k", self.BASE)
        self.assertEqual(done.returncode, 0, f"{done.stderr}{self.leaving()}")
        self.assertEqual(wanted & self.objects(), set())

    def leaving(self):
        """What is being deleted and not gone, and why."""
        return [(item["kind"], item["metadata"]["name"], item["metadata"].get("finalizers"),
                 item.get("status", {}).get("conditions"))
                for item in self.release.items(f"namespaces,crds,{KINDS},pods", "-A")
                if "deletionTimestamp" in item["metadata"]]


if __name__ == "__main__":
    unittest.main()
