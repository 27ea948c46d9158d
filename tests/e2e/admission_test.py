#!/usr/bin/env python3
"""The admission policies on a real API server: who may write what, and the fence."""

import unittest

from api_access import (GROUP, Api, ApiError, As, apply, collection, control_plane, eventually,
                        kind_object, make_namespace)
from leader_mark import PATH as SYSTEM
from leader_mark import lead, mark

PODS = "/api/v1/namespaces/crd-test/pods"
USERS = "muster:test-users"
OPERATORS = "muster:operators"


def setUpModule():
    global ADMIN, ALICE, ZERO, ONE, IN_CLUSTER, OTHER_POD
    kubeconfig = control_plane().kubeconfig
    ADMIN = Api(kubeconfig)
    ALICE = As(kubeconfig, "alice", USERS)
    ZERO = As(kubeconfig, "system:muster:operator-0", OPERATORS)
    ONE = As(kubeconfig, "system:muster:operator-1", OPERATORS)
    # A replica in the cluster: known by its service account, and by its pod.
    account = "system:serviceaccount:muster-system:muster-operator"
    IN_CLUSTER = As(kubeconfig, account, USERS, pod="muster-operator-7d4f-abcde")
    OTHER_POD = As(kubeconfig, account, USERS, pod="muster-operator-7d4f-vwxyz")
    make_account()


def make_account():
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"},
            "automountServiceAccountToken": False}
    apply(ADMIN, "/api/v1/namespaces/crd-test/serviceaccounts", "default", body)


def make_leader(writer, replica):
    """`writer` leads as `replica` once the policies have seen its mark; returns the epoch."""
    epoch = lead(ADMIN, writer, replica)
    eventually(lambda: writer.create(PODS + "?dryRun=All", fenced_pod("probe", epoch)))
    return epoch


def fenced_pod(name, epoch=None):
    body = pod(name)
    body["metadata"]["labels"] = {"scheduler.io/fenced": "true"}
    if epoch is not None:
        body["metadata"]["annotations"] = {"scheduler.io/epoch": str(epoch)}
    return body


def binding(name, epoch=None, fenced="true"):
    meta = {"name": name}
    if fenced:
        meta["labels"] = {"scheduler.io/fenced": fenced}
    if epoch is not None:
        meta["annotations"] = {"scheduler.io/epoch": str(epoch)}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": meta,
            "target": {"apiVersion": "v1", "kind": "Node", "name": "nowhere"}}


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"schedulerName": "nobody", "terminationGracePeriodSeconds": 0,
                     "automountServiceAccountToken": False,
                     "containers": [{"name": "c", "image": "i"}]}}


def answer(call):
    """What the policy says, or "accepted"."""
    try:
        call()
    except ApiError as error:
        return str(error).split(" denied request: ")[-1]
    return "accepted"


def clean(path):
    try:
        ADMIN.delete(path, {"gracePeriodSeconds": 0})
    except ApiError as error:
        if error.code != 404:
            raise
    eventually(lambda: answer(lambda: ADMIN.get(path)) != "accepted")


class UserStamp(unittest.TestCase):
    def setUp(self):
        make_leader(ZERO, "operator-0")
        for name in ("stamped", "foreign"):
            clean(f"{collection('Job')}/{name}")

    def user(self, job):
        return job["metadata"].get("annotations", {}).get("scheduler.io/user")

    def test_the_creator_is_stamped(self):
        job = ALICE.create(collection("Job"), kind_object("Job", "stamped", {"image": "i"}))
        self.assertEqual(self.user(job), "alice")

    def test_a_stamp_of_ones_own_making_is_replaced(self):
        body = kind_object("Job", "stamped", {"image": "i"})
        body["metadata"]["annotations"] = {"scheduler.io/user": "bob", "note": "kept"}
        job = ALICE.create(collection("Job"), body)
        self.assertEqual(self.user(job), "alice")
        self.assertEqual(job["metadata"]["annotations"]["note"], "kept")

    def test_workflows_are_stamped_too(self):
        spec = {"tasks": [{"name": "a", "image": "i"}]}
        flow = ALICE.create(collection("Workflow") + "?dryRun=All",
                            kind_object("Workflow", "stamped", spec))
        self.assertEqual(self.user(flow), "alice")

    def test_the_operator_passes_a_stamp_on(self):
        body = kind_object("Job", "foreign", {"image": "i"})
        body["metadata"]["annotations"] = {"scheduler.io/user": "alice"}
        self.assertEqual(self.user(ZERO.create(collection("Job"), body)), "alice")

    def test_a_stamp_can_be_neither_changed_nor_removed(self):
        ALICE.create(collection("Job"), kind_object("Job", "stamped", {"image": "i"}))
        for value in ("bob", None):
            self.assertEqual(answer(lambda: ALICE.patch(f"{collection('Job')}/stamped", {
                "metadata": {"annotations": {"scheduler.io/user": value}}})),
                "annotation scheduler.io/user is the user who created the object and cannot be "
                "changed")

    def test_put_and_apply_are_no_way_round_it(self):
        body = kind_object("Job", "stamped", {"image": "i"})
        body["metadata"]["annotations"] = {"scheduler.io/user": "bob"}
        job = apply(ALICE, collection("Job"), "stamped", body)
        self.assertEqual(self.user(job), "alice")
        says = ("annotation scheduler.io/user is the user who created the object and cannot be "
                "changed")
        self.assertEqual(answer(lambda: apply(ALICE, collection("Job"), "stamped", body)), says)
        job["metadata"]["annotations"] = {}
        self.assertEqual(answer(lambda: ALICE.request(
            "PUT", f"{collection('Job')}/stamped", job)), says)

    def test_other_edits_are_free(self):
        ALICE.create(collection("Job"), kind_object("Job", "stamped", {"image": "i"}))
        ALICE.patch(f"{collection('Job')}/stamped", {"metadata": {"annotations": {"a": "b"}}})


class Guard(unittest.TestCase):
    def setUp(self):
        self.epoch = make_leader(ZERO, "operator-0")

    def test_alice_cannot_write_the_status_of_any_kind(self):
        specs = {"Job": {"image": "i"}, "Tenant": {}, "ResourceQuota": {"hard": {}},
                 "Workflow": {"tasks": [{"name": "a", "image": "i"}]}}
        for kind, spec in specs.items():
            clean(f"{collection(kind)}/guarded")
            ALICE.create(collection(kind), kind_object(kind, "guarded", spec))
            with self.subTest(kind):
                self.assertEqual(answer(lambda: ALICE.patch(
                    f"{collection(kind)}/guarded/status", {"status": {"epoch": 3}})),
                    "status is written by the Muster operator only")

    def test_a_status_in_a_new_object_is_dropped(self):
        body = kind_object("Job", "dropped", {"image": "i"})
        body["status"] = {"phase": "Running"}
        job = ALICE.create(collection("Job") + "?dryRun=All", body)
        self.assertNotIn("status", job)

    def test_only_the_operator_gives_namespaces_to_tenants(self):
        make_namespace(ADMIN, "crd-claimed")
        path = "/api/v1/namespaces/crd-claimed"
        claim = {"metadata": {"labels": {"scheduler.io/tenant": "team-a"}}}
        says = ("label scheduler.io/tenant is written by the Muster operator only: name the "
                "namespace in spec.namespaces of a Tenant")
        self.assertEqual(answer(lambda: ALICE.patch(path, claim)), says)
        self.assertEqual(answer(lambda: ALICE.patch(path + "/status", claim)), says)
        body = ADMIN.get(path)
        ALICE.request("PUT", path + "/finalize", body)
        body["metadata"]["labels"]["scheduler.io/tenant"] = "team-a"
        self.assertEqual(answer(lambda: ALICE.request("PUT", path + "/finalize", body)), says)
        ZERO.patch(path, claim)
        ALICE.patch(path, {"metadata": {"labels": {"team": "x"}}})
        unclaim = {"metadata": {"labels": {"scheduler.io/tenant": None}}}
        self.assertEqual(answer(lambda: ALICE.patch(path, unclaim)), says)
        ZERO.patch(path, unclaim)

    def test_alice_cannot_make_pods_that_look_like_ours(self):
        self.assertEqual(answer(lambda: ALICE.create(PODS, fenced_pod("forged", 3))),
                         "label scheduler.io/fenced is written by the Muster operator only")
        body = pod("forged")
        body["metadata"]["annotations"] = {"scheduler.io/epoch": "3"}
        self.assertEqual(answer(lambda: ALICE.create(PODS, body)),
                         "annotation scheduler.io/epoch is written by the Muster operator only")

    def test_alice_cannot_change_the_marks_of_our_pods(self):
        clean(f"{PODS}/marked")
        ZERO.create(PODS, fenced_pod("marked", self.epoch))
        for path in (f"{PODS}/marked", f"{PODS}/marked/status"):
            for value in (None, "no"):
                self.assertEqual(answer(lambda: ALICE.patch(path, {
                    "metadata": {"labels": {"scheduler.io/fenced": value}}})),
                    "label scheduler.io/fenced is written by the Muster operator only")
            for value in (None, "4"):
                self.assertEqual(answer(lambda: ALICE.patch(path, {
                    "metadata": {"annotations": {"scheduler.io/epoch": value}}})),
                    "annotation scheduler.io/epoch is written by the Muster operator only")
        ALICE.patch(f"{PODS}/marked", {"metadata": {"labels": {"mine": "x"}}})
        ALICE.patch(f"{PODS}/marked/status", {"status": {"message": "as a kubelet writes"}})
        clean(f"{PODS}/marked")

    def test_alice_cannot_mark_a_pod_by_binding_it(self):
        clean(f"{PODS}/bound")
        ALICE.create(PODS, pod("bound"))
        for path in (f"{PODS}/bound/binding", "/api/v1/namespaces/crd-test/bindings"):
            self.assertEqual(answer(lambda: ALICE.create(path, binding("bound", 3, None))),
                             "annotation scheduler.io/epoch is written by the Muster operator only")
            self.assertEqual(answer(lambda: ALICE.create(path, binding("bound"))),
                             "label scheduler.io/fenced is written by the Muster operator only")
        ALICE.create(f"{PODS}/bound/binding", binding("bound", fenced=None))
        clean(f"{PODS}/bound")


class Mark(unittest.TestCase):
    """Who may say who leads: annotations of a namespace."""

    SAYS = ("annotations scheduler.io/leader and scheduler.io/epoch are written by the Muster operator "
            "only")

    def setUp(self):
        self.epoch = make_leader(ZERO, "operator-0")

    def test_nobody_else_can_write_change_or_remove_it(self):
        for body in (mark("operator-1", self.epoch + 1), mark("operator-0", self.epoch + 1),
                     mark("operator-1", self.epoch), mark(None, None)):
            for path in (SYSTEM, SYSTEM + "/status"):
                self.assertEqual(answer(lambda: ALICE.patch(path, body)), self.SAYS)
        body = {"apiVersion": "v1", "kind": "Namespace", **mark("operator-1", 7)}
        body["metadata"]["name"] = "marked"
        self.assertEqual(answer(lambda: ALICE.create("/api/v1/namespaces", body)), self.SAYS)

    def test_other_edits_of_the_namespace_are_free(self):
        ALICE.patch(SYSTEM, {"metadata": {"annotations": {"mine": "x"}}})

    def test_the_epoch_only_rises(self):
        for epoch in (self.epoch, self.epoch - 1, None, "", "x", "-1", f"0{self.epoch + 1}"):
            self.assertEqual(answer(lambda: ONE.patch(SYSTEM, mark("operator-1", epoch))),
                             f"fenced: epoch '{'' if epoch is None else epoch}' is not above that "
                             f"of the last leader, '{self.epoch}'")
        ZERO.patch(SYSTEM, mark("operator-0", self.epoch))  # nothing changes

    def test_a_replica_that_does_not_lead_yet_may_say_that_it_does(self):
        ONE.patch(SYSTEM, mark("operator-1", self.epoch + 10))


class Fence(unittest.TestCase):
    """operator-0 leads, if not said otherwise."""

    def setUp(self):
        self.epoch = make_leader(ZERO, "operator-0")
        for name in ("fenced", "foreign"):
            clean(f"{PODS}/{name}")

    def test_a_pod_of_the_holder_with_the_epoch_is_accepted(self):
        ZERO.create(PODS, fenced_pod("fenced", self.epoch))

    def test_another_epoch_is_refused(self):
        for epoch in (self.epoch - 1, self.epoch + 1, "x", None):
            self.assertEqual(answer(lambda: ZERO.create(PODS, fenced_pod("fenced", epoch))),
                             f"fenced: epoch '{'' if epoch is None else epoch}' is not that of "
                             f"the leader, {self.epoch}")

    def test_who_does_not_lead_is_refused(self):
        self.assertEqual(answer(lambda: ONE.create(PODS, fenced_pod("fenced", self.epoch))),
                         "fenced: system:muster:operator-1 does not lead")

    def test_a_replica_in_the_cluster_is_known_by_its_pod(self):
        epoch = make_leader(IN_CLUSTER, "muster-operator-7d4f-abcde")
        self.assertEqual(answer(lambda: OTHER_POD.create(PODS, fenced_pod("fenced", epoch))),
                         "fenced: muster-operator-7d4f-vwxyz does not lead")

    def test_a_new_leader_shuts_out_the_old_one(self):
        epoch = make_leader(ONE, "operator-1")
        self.assertEqual(answer(lambda: ZERO.create(PODS, fenced_pod("fenced", self.epoch))),
                         "fenced: system:muster:operator-0 does not lead")
        ONE.create(PODS, fenced_pod("fenced", epoch))

    def test_status_must_carry_the_epoch(self):
        clean(f"{collection('Job')}/fenced")
        ALICE.create(collection("Job"), kind_object("Job", "fenced", {"image": "i"}))
        path = f"{collection('Job')}/fenced/status"
        self.assertEqual(answer(lambda: ZERO.patch(path, {"status": {"phase": "Running"}})),
                         f"fenced: epoch '' is not that of the leader, {self.epoch}")
        ZERO.patch(path, {"status": {"epoch": self.epoch}})
        ZERO.patch(path, {"status": {"phase": "Running"}})
        self.assertEqual(answer(lambda: ONE.patch(path, {"status": {"phase": "Failed"}})),
                         "fenced: system:muster:operator-1 does not lead")
        later = make_leader(ZERO, "operator-0")
        self.assertEqual(answer(lambda: ZERO.patch(path, {"status": {"phase": "Failed"}})),
                         f"fenced: epoch '{self.epoch}' is not that of the leader, {later}")

    def test_bindings_are_fenced(self):
        ALICE.create(PODS, pod("foreign"))
        path = f"{PODS}/foreign/binding"
        old, now = self.epoch - 1, self.epoch
        self.assertEqual(answer(lambda: ZERO.create(path, binding("foreign", old))),
                         f"fenced: epoch '{old}' is not that of the leader, {now}")
        self.assertEqual(answer(lambda: ONE.create(path, binding("foreign", now))),
                         "fenced: system:muster:operator-1 does not lead")
        ZERO.create(path, binding("foreign", now))
        bound = ADMIN.get(f"{PODS}/foreign")
        self.assertEqual(bound["spec"]["nodeName"], "nowhere")
        self.assertEqual(bound["metadata"]["annotations"]["scheduler.io/epoch"], str(now))

    def test_deletes_and_evictions_are_for_the_leader(self):
        ZERO.create(PODS, fenced_pod("fenced", self.epoch))
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {
            "name": "fenced", "labels": {"scheduler.io/fenced": "true"}}}
        says = "fenced: system:muster:operator-1 does not lead"
        self.assertEqual(answer(lambda: ONE.delete(f"{PODS}/fenced")), says)
        self.assertEqual(answer(lambda: ONE.create(f"{PODS}/fenced/eviction", eviction)), says)
        ZERO.delete(f"{PODS}/fenced")

    def test_a_pod_of_an_older_epoch_can_be_deleted(self):
        ZERO.create(PODS, fenced_pod("fenced", self.epoch))
        make_leader(ONE, "operator-1")
        ONE.delete(f"{PODS}/fenced")

    def test_users_may_delete_our_pods(self):
        ZERO.create(PODS, fenced_pod("fenced", self.epoch))
        ALICE.delete(f"{PODS}/fenced")

    def test_other_writes_of_ours_are_for_the_leader_too(self):
        body = kind_object("Job", "by-operator", {"image": "i"})
        self.assertEqual(answer(lambda: ONE.create(collection("Job") + "?dryRun=All", body)),
                         "fenced: system:muster:operator-1 does not lead")
        ZERO.create(collection("Job") + "?dryRun=All", body)


class NoNamespace(unittest.TestCase):
    """The namespace of the operator is gone, and who leads with it."""

    def setUp(self):
        self.epoch = make_leader(ZERO, "operator-0")
        for name in ("plain", "ours"):
            clean(f"{PODS}/{name}")
        ZERO.create(PODS, fenced_pod("ours", self.epoch))
        ADMIN.delete(SYSTEM)
        self.addCleanup(make_namespace, ADMIN, "muster-system")
        eventually(lambda: "not found" in answer(lambda: ADMIN.get(SYSTEM)), timeout=60)
        eventually(lambda: "no params found" in self.probe())

    def probe(self):
        return answer(lambda: ZERO.create(PODS + "?dryRun=All", fenced_pod("probe", self.epoch)))

    def test_plain_pods_still_start_and_ours_can_only_be_deleted(self):
        ALICE.create(PODS, pod("plain"))
        ALICE.delete(f"{PODS}/plain")
        self.assertIn("failed to configure binding: no params found for policy binding with "
                      "`Deny` parameterNotFoundAction", self.probe())
        ZERO.delete(f"{PODS}/ours")

    def test_jobs_can_be_made_but_get_no_status(self):
        clean(f"{collection('Job')}/waiting")
        ALICE.create(collection("Job"), kind_object("Job", "waiting", {"image": "i"}))
        self.assertIn("no params found", answer(lambda: ZERO.patch(
            f"{GROUP}/namespaces/crd-test/jobs/waiting/status",
            {"status": {"epoch": self.epoch}})))

    def test_a_new_one_has_no_leader_until_one_says_so(self):
        make_namespace(ADMIN, "muster-system")
        eventually(lambda: "does not lead" in self.probe())
        self.assertEqual(self.probe(), "fenced: system:muster:operator-0 does not lead")
        self.assertEqual(answer(lambda: ZERO.delete(f"{PODS}/ours?dryRun=All")),
                         "fenced: system:muster:operator-0 does not lead")
        self.assertEqual(make_leader(ZERO, "operator-0"), 1)


if __name__ == "__main__":
    unittest.main()
