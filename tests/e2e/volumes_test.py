#!/usr/bin/env python3
"""What keeps pods from nodes on a real control plane: its volume controller binds claims, and pods go
where the volumes are; its API server completes terms about other pods, and pods keep apart or spread
over nodes as they say."""

import unittest

import story
from story import Story, condition_of, template

LIMIT_SECONDS = 300


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=2)


def mount(*claims):
    return [{"name": f"v{i}", "persistentVolumeClaim": {"claimName": claim}}
            for i, claim in enumerate(claims)]


class Claims(Story):
    def setUp(self):
        super().setUp()
        self.nodes = self.scene.own_nodes(2, gpus=8)

    def volume(self, claim, node):
        """A volume that one node reaches, for this claim and no other."""
        self.scene.kube.make("PersistentVolume", {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": f"{self.scene.name}-{claim}"},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                     "local": {"path": "/data"}, "persistentVolumeReclaimPolicy": "Retain",
                     "claimRef": {"namespace": self.scene.name, "name": claim},
                     "storageClassName": self.storage_class(),
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                         {"key": "kubernetes.io/hostname", "operator": "In",
                          "values": [node]}]}]}}}})

    def storage_class(self):
        return getattr(self, "class_name", "")

    def make_class(self, mode):
        self.class_name = f"{self.scene.name}-{mode.lower()}"[:60]
        self.scene.kube.make("StorageClass", {
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": self.class_name}, "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": mode})

    def claim(self, name):
        self.scene.kube.make("PersistentVolumeClaim", {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": self.scene.name},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": self.storage_class(),
                     "resources": {"requests": {"storage": "1Gi"}}}})

    def bound(self, claim, node):
        self.volume(claim, node)
        self.claim(claim)

    def job(self, name, *claims, replicas=1):
        self.scene.job(name, tasks=[{
            "name": "main", "replicas": replicas,
            "template": template(gpu=1, volumes=mount(*claims))}])

    def places(self, job):
        return {pod["spec"]["nodeName"] for pod in self.scene.running(job)}

    def test_pods_go_where_the_volume_of_their_claim_is(self):
        for node in self.nodes:
            self.bound(f"on-{node[-1]}", node)
        self.job("first", "on-0", replicas=3)
        self.job("second", "on-1", replicas=3)
        for job, node in zip(("first", "second"), self.nodes):
            self.scene.wait(job, phase="Running")
            self.assertEqual(self.places(job), {node})

    def test_volumes_in_different_places_fit_nowhere(self):
        for node in self.nodes:
            self.bound(f"on-{node[-1]}", node)
        self.job("torn", "on-0", "on-1")
        status = self.scene.wait("torn", phase="Pending", reason="NoMatchingNodes")
        self.scene.until("the conflict", lambda: "2 volume node affinity conflict" in
                         self.scene.status("torn")["message"], about="torn")
        self.assertNotIn("does not exist", status["message"])

    def test_a_claim_that_waits_for_its_first_consumer_is_refused_until_it_is_bound(self):
        self.make_class("WaitForFirstConsumer")
        self.claim("data")
        self.job("train", "data", replicas=2)
        status = self.scene.wait("train", phase="Pending", reason="Misconfigured")
        self.assertEqual(
            status["message"],
            "spec.tasks[0].template.spec.volumes[0].persistentVolumeClaim: claim data waits for its "
            f"first consumer (StorageClass {self.class_name} has volumeBindingMode "
            "WaitForFirstConsumer), which Muster does not serve yet: bind it first or use a class "
            "with Immediate")
        self.volume("data", self.nodes[1])  # made for it: bound without a consumer
        self.scene.wait("train", phase="Running")
        self.assertEqual(self.places("train"), {self.nodes[1]})
        told = self.scene.condition("train", "Misconfigured")
        self.assertEqual(told["status"], "False")

    def test_a_job_waits_for_a_claim_that_is_not_there(self):
        self.make_class("Immediate")
        self.job("train", "data", replicas=2)
        status = self.scene.wait("train", phase="Pending", reason="NoMatchingNodes")
        self.assertIn("claim data does not exist", status["message"])
        self.claim("data")
        self.scene.until("not bound yet", lambda: f"claim data is not bound yet (StorageClass "
                         f"{self.class_name})" in self.scene.status("train")["message"],
                         about="train")
        self.volume("data", self.nodes[0])
        self.scene.wait("train", phase="Running")
        self.assertEqual(self.places("train"), {self.nodes[0]})

    def test_a_pod_of_another_controller_waits_for_its_claim_too(self):
        body = template(schedulerName="muster", nodeSelector={"pool": self.scene.pool},
                        volumes=mount("data"))
        body["metadata"].update(name="plain", namespace=self.scene.name)
        self.scene.kube.make("Pod", {"apiVersion": "v1", "kind": "Pod", **body})

        def seen():
            return self.scene.mirror.get("Pod", self.scene.name, "plain") or {}

        def told():
            found = condition_of(seen().get("status", {}), "PodScheduled") or {}
            return found.get("message", "")
        self.scene.until("the sentence", lambda: told() == (
            "NoMatchingNodes: pod plain: spec.volumes[0].persistentVolumeClaim: claim data does not "
            "exist"))
        self.bound("data", self.nodes[1])
        self.scene.until("bound", lambda: seen()["spec"].get("nodeName"))
        self.assertEqual(seen()["spec"]["nodeName"], self.nodes[1])


class OtherPods(Story):
    def setUp(self):
        super().setUp()
        self.nodes = self.scene.own_nodes(2, gpus=8)

    def job(self, name, replicas):
        """Its pods avoid each other; the template says so without the job's name."""
        self.scene.job(name, tasks=[{
            "name": "main", "replicas": replicas, "template": template(gpu=1, affinity={
                "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "kubernetes.io/hostname", "labelSelector": {},
                     "matchLabelKeys": ["scheduler.io/job"]}]}})}])

    def test_each_of_two_jobs_with_one_template_keeps_its_own_pods_apart(self):
        for job in ("first", "second"):
            self.job(job, 2)
        for job in ("first", "second"):
            self.scene.wait(job, phase="Running")
            places = sorted(pod["spec"]["nodeName"] for pod in self.scene.running(job))
            self.assertEqual(places, sorted(self.nodes))
        self.job("third", 3)
        self.scene.wait("third", phase="Pending", reason="GangIncomplete")
        self.scene.until("the cause", lambda: "2 pod anti-affinity (scheduler.io/job=third in "
                         "kubernetes.io/hostname)" in self.scene.status("third")["message"],
                         about="third")

    def test_a_job_is_spread_over_its_nodes_and_says_where_it_cannot_be(self):
        first, second = self.nodes
        full = 7  # GPUs of the second that others have: one is left
        self.scene.job("full", tasks=[{"name": "main", "template": template(
            gpu=full, nodeSelector={"kubernetes.io/hostname": second})}])
        self.scene.wait("full", phase="Running")

        def spread(name, replicas):
            self.scene.job(name, tasks=[{
                "name": "main", "replicas": replicas, "template": template(
                    gpu=1, nodeSelector={"pool": self.scene.pool}, topologySpreadConstraints=[
                        {"topologyKey": "kubernetes.io/hostname", "maxSkew": 2,
                         "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {},
                         "matchLabelKeys": ["scheduler.io/job"]}])}])

        spread("uneven", 5)
        self.scene.wait("uneven", phase="Pending", reason="GangIncomplete")
        self.scene.until("the cause", lambda: "1 topology spread (scheduler.io/job=uneven over "
                         "kubernetes.io/hostname, maxSkew 2)"
                         in self.scene.status("uneven")["message"], about="uneven")
        spread("even", 4)
        self.scene.wait("even", phase="Running")
        places = sorted(pod["spec"]["nodeName"] for pod in self.scene.running("even"))
        self.assertEqual(places, sorted([first, first, first, second]))


if __name__ == "__main__":
    unittest.main()
