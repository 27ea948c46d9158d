#!/usr/bin/env python3
"""Pods that other controllers create: groups are bound whole, wait with a reason, and count."""

import unittest

import story
from kube_client import path_of
from story import Story, condition_of, group_pod, template

LIMIT_SECONDS = 420


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=4)


class Foreign(Story):
    def pod(self, name, group=None, least=None, **options):
        """Creates a pod as another controller would."""
        options.setdefault("nodeSelector", {"pool": self.scene.pool})
        return self.scene.kube.make("Pod", group_pod(name, self.scene.name, group, least, **options))

    def bind(self, name, node):
        """As if a leader had died half way."""
        self.scene.kube.create(f"{path_of('Pod', self.scene.name, name)}/binding", {
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": name, "namespace": self.scene.name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node}})

    def seen(self, name):
        return self.scene.mirror.get("Pod", self.scene.name, name) or {}

    def node_of(self, name):
        return self.seen(name).get("spec", {}).get("nodeName")

    def until_bound(self, *names):
        self.scene.until(f"{names} bound", lambda: all(map(self.node_of, names)), about=names[0])

    def until_told(self, name, *words):
        """Until PodScheduled=False says so."""
        def told():
            found = condition_of(self.seen(name).get("status", {}), "PodScheduled") or {}
            return found.get("status") == "False" and found if all(
                word in found.get("message", "") for word in words) else None
        found = self.scene.until(f"{name} says {words}, not {self.seen(name).get('status')}", told)
        self.assertEqual(found["reason"], "Unschedulable")

    def cordon(self, node, closed=True):
        self.scene.kube.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": closed or None}})


class Groups(Foreign):
    def test_a_group_is_bound_when_it_is_whole(self):
        for i in range(2):
            self.pod(f"g-{i}", "g", 3)
        self.until_told("g-0", "GangIncomplete", "2 of 3 pods exist")
        self.scene.wait_event("g-0", "FailedScheduling", "2 of 3 pods exist")
        self.assertIsNone(self.node_of("g-1"))
        self.pod("g-2", "g", 3)
        self.until_bound("g-0", "g-1", "g-2")
        self.scene.wait_event("g-2", "Scheduled", "bound to")
        self.scene.until("running", lambda: self.seen("g-2")["status"]["phase"] == "Running")

    def test_a_group_without_room_is_not_bound_in_part(self):
        self.scene.own_nodes(1, gpus=8)
        self.scene.job("first", gpu=4)
        self.scene.wait("first", phase="Running")
        for i in range(3):
            self.pod(f"g-{i}", "g", 3, gpu=2)
        self.until_told("g-0", "GangIncomplete", "2 of 3 pods fit now")
        self.assertEqual([self.node_of(f"g-{i}") for i in range(3)], [None] * 3)
        self.scene.patch("first", cancel=True)
        self.until_bound("g-0", "g-1", "g-2")

    def test_a_pod_without_group_is_a_group_of_one(self):
        self.pod("plain")
        self.until_bound("plain")

    def test_a_group_of_a_namespace_without_tenant_waits(self):
        owner, self.scene = self.scene, self.new_scene("foreign-nobody", tenant=None)
        self.scene.pool = owner.pool
        self.pod("g-0", "g", 1)
        self.until_told("g-0", "NoTenant", "no Tenant claims namespace foreign-nobody")


class Partial(Foreign):
    def test_what_is_bound_in_part_comes_before_everything_else(self):
        node = self.scene.own_nodes(1, gpus=8)[0]
        self.cordon(node)
        self.scene.job("older", gpu=4)
        self.scene.wait("older", phase="Pending")
        for i in range(2):
            self.pod(f"g-{i}", "g", 2, gpu=4)
        self.bind("g-0", node)
        self.until_bound("g-0")
        self.cordon(node, False)
        self.until_bound("g-1")
        self.assertEqual(self.scene.wait("older", reason="GangIncomplete")["phase"], "Pending")

    def test_what_stays_partial_is_deleted_after_the_timeout(self):
        node = self.scene.own_nodes(1, gpus=8)[0]
        self.pod("g-0", "g", 2, gpu=4, timeout=5)
        self.bind("g-0", node)
        self.pod("g-1", "g", 2, gpu=8, timeout=5)
        self.scene.gone("Pod", "g-0")
        self.scene.wait_event("g-1", "GangTimeout", "1 of 2 pods were bound within 5 s",
                              "pod g-1 was not", "g-0")
        self.assertIsNone(self.node_of("g-1"))


class Counting(Foreign):
    def test_foreign_pods_count_for_their_tenant(self):
        self.scene.set_tenant({"resourceQuota": {"gpu": 4}})
        for i in range(2):
            self.pod(f"g-{i}", "g", 2, gpu=1)
        self.until_bound("g-0", "g-1")
        self.scene.job("large", gpu=3)
        status = self.scene.wait("large", reason="WaitingForQuota")
        self.assertIn("2 of 4 left (2 in use)", status["message"])
        self.pod("h-0", "h", 1, gpu=3)
        self.until_told("h-0", "WaitingForQuota", "needs 3 nvidia.com/gpu")
        for i in range(2):
            self.scene.delete("Pod", f"g-{i}")
        self.scene.until("one of the two", lambda: self.node_of("h-0") or
                         self.scene.status("large").get("phase") == "Running")


class Others(Foreign):
    """Pods that nobody asks Muster about: of another scheduler, or put on a node by hand."""

    def other(self, name, gpu, node=None, scene=None, **sim):
        """As a scheduler of that name binds it."""
        scene = scene or self.scene
        body = template(gpu=gpu, sim=sim, schedulerName="somebody", nodeName=node)
        body["metadata"].update(name=name, namespace=scene.name)
        scene.kube.make("Pod", {"apiVersion": "v1", "kind": "Pod", **body})
        scene.until(f"{name} runs", lambda: (scene.mirror.get("Pod", scene.name, name) or {}).get(
            "status", {}).get("phase") == "Running")

    def test_they_count_on_their_nodes_until_they_end(self):
        node = self.scene.own_nodes(1, gpus=8)[0]
        stranger = self.new_scene("of-no-tenant", tenant=None)
        self.other("ends", 3, node, **{"run-seconds": 6})
        self.other("stays", 3, node, scene=stranger)
        self.scene.job("job", gpu=4)
        status = self.scene.wait("job", phase="Pending", reason="GangIncomplete")
        self.assertIn("insufficient nvidia.com/gpu", status["message"])
        self.scene.wait("job", phase="Running")
        self.assertEqual(self.seen("ends")["status"]["phase"], "Succeeded")
        self.scene.job("next", gpu=2)
        self.scene.wait("next", phase="Pending", reason="GangIncomplete")
        stranger.delete("Pod", "stays")
        self.scene.wait("next", phase="Running")

    def test_they_count_for_their_tenant_and_are_never_refused(self):
        node = self.scene.own_nodes(1, gpus=8, resourceQuota={"gpu": 4})[0]
        self.other("small", 3, node)
        self.scene.job("job", gpu=2)
        status = self.scene.wait("job", phase="Pending", reason="WaitingForQuota")
        self.assertIn("1 of 4 left (3 in use)", status["message"])
        self.other("beyond", 3, node)
        self.until_used("6/4")
        self.scene.delete("Pod", "beyond")
        self.until_used("3/4")
        self.scene.delete("Pod", "small")
        self.scene.wait("job", phase="Running")

    def test_nobody_makes_them_give_way(self):
        node = self.scene.own_nodes(1, gpus=8, guaranteed={"gpu": 8})[0]
        lender = self.new_scene("uses-the-guarantee", {})
        self.other("other", 6, node, scene=lender)
        self.scene.job("job", gpu=4, priority="critical")
        self.scene.wait("job", phase="Pending", reason="GangIncomplete")
        self.assertEqual(len(lender.pods()), 1)
        lender.delete("Pod", "other")
        self.scene.wait("job", phase="Running")

    def test_one_that_waits_for_its_scheduler_counts_nowhere(self):
        self.scene.own_nodes(1, gpus=8, resourceQuota={"gpu": 8})
        body = template(gpu=8, schedulerName="somebody")
        body["metadata"].update(name="waits", namespace=self.scene.name)
        self.scene.kube.make("Pod", {"apiVersion": "v1", "kind": "Pod", **body})
        self.scene.job("job", gpu=8)
        self.scene.wait("job", phase="Running")
        self.assertIsNone(self.node_of("waits"))

    def until_used(self, gpus):
        self.scene.until(f"{gpus} GPUs in the Tenant's status", lambda: (self.scene.mirror.get(
            "Tenant", "", self.scene.name) or {}).get("status", {}).get("gpus") == gpus)


if __name__ == "__main__":
    unittest.main()
