#!/usr/bin/env python3
"""The schemas of crds/ on a real API server: what they accept, and the sentence for what they refuse."""

import json
import unittest

import yaml

from api_access import (Api, ApiError, As, apply, collection, control_plane, eventually,
                        kind_object)
from harness import ROOT
from leader_mark import lead

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
NOISE = ", <nil>: Invalid value: null: some validation rules were not checked"
LOCKED = ("cannot be changed now: set spec.suspend to true and wait until status.placement is gone, "
          "or create a new Job")
CONTAINERS = [{"name": "c", "image": "i"}]
DATA = ROOT / "tests" / "data"


def setUpModule():
    global ADMIN, OPERATOR
    plane = control_plane()
    ADMIN = Api(plane.kubeconfig)
    OPERATOR = As(plane.kubeconfig, "system:muster:operator-0", "muster:operators")


def refusal(call):
    """The sentence with which the call is refused, without the object's name."""
    try:
        call()
    except ApiError as error:
        text = str(error).split(" is invalid: ")[-1]
        return text.removeprefix("[").split(NOISE)[0]
    return "accepted"


def create(kind, name, spec, dry=False):
    query = "?fieldValidation=Strict" + ("&dryRun=All" if dry else "")
    return ADMIN.create(collection(kind) + query, kind_object(kind, name, spec))


def fresh(kind, name, spec):
    """Creates it, also where an earlier run left one."""
    try:
        ADMIN.delete(f"{collection(kind)}/{name}")
    except ApiError as error:
        if error.code != 404:
            raise
    return create(kind, name, spec)


def merge(kind, name, spec):
    return ADMIN.patch(f"{collection(kind)}/{name}", {"spec": spec})


def task(name="a", **more):
    return {"name": name, "template": {"spec": {"containers": CONTAINERS}}, **more}


class Requirements(unittest.TestCase):
    def test_tenant_is_accepted_as_written(self):
        self.accepts(yaml.safe_load((DATA / "requirements/tenant.yaml").read_text()))

    def test_quota_is_accepted_as_written(self):
        self.accepts(yaml.safe_load((DATA / "requirements/resourcequota.yaml").read_text()))

    def test_body_of_a_job_without_its_name_is_its_spec(self):
        self.accepts(self.from_body("Job", "job.json"))

    def test_body_of_a_workflow_without_its_name_is_its_spec(self):
        self.accepts(self.from_body("Workflow", "workflow.json"))

    def from_body(self, kind, file):
        body = json.loads((DATA / "requirements" / file).read_text())
        return kind_object(kind, body.pop("name"), body)

    def accepts(self, body):
        path = collection(body["kind"]) + "?fieldValidation=Strict&dryRun=All"
        answer = ADMIN.create(path, body)
        for key, value in body["spec"].items():
            self.assertEqual(without_defaults(answer["spec"][key], value), value)


def without_defaults(answer, asked):
    """The answer's members that were asked for."""
    if isinstance(asked, dict):
        return {key: without_defaults(answer.get(key), value) for key, value in asked.items()}
    if isinstance(asked, list) and isinstance(answer, list):
        return [without_defaults(a, b) for a, b in zip(answer, asked)]
    return answer


class Aliases(unittest.TestCase):
    def test_gpu_and_its_resource_are_one_in_a_lending_limit(self):
        for guaranteed, lent in (("gpu", "nvidia.com/gpu"), ("nvidia.com/gpu", "gpu")):
            spec = {"guaranteed": {guaranteed: 8, "cpu": 64},
                    "borrowing": {"lendingLimit": {lent: 4, "cpu": 8}}}
            create("Tenant", "lender", spec, dry=True)


class WrongObjects(unittest.TestCase):
    def test_each_is_refused_with_its_sentence(self):
        cases = yaml.safe_load((DATA / "wrong_objects.yaml").read_text())
        self.assertGreaterEqual(len(cases), 60)
        for case in cases:
            wrong = case["object"]
            with self.subTest(**wrong):
                self.assertEqual(refusal(lambda wrong=wrong: create(
                    wrong["kind"], wrong.get("name", "x"), wrong.get("spec"), dry=True)),
                    case["says"])


class Changes(unittest.TestCase):
    """What shapes pods stays as it is, by whatever verb."""

    SHORT = {"image": "i", "command": ["a"], "args": ["b"], "env": [{"name": "A", "value": "1"},
             {"name": "B", "value": "2"}], "resources": {"cpu": 1}, "replicas": 2,
             "sharedMemory": "1Gi", "gang": {"minMember": 1}, "gpu": {"model": "H100"}}
    OTHER = {"image": "j", "command": ["c"], "args": [], "env": [{"name": "A", "value": "9"}],
             "resources": {"cpu": 2}, "replicas": 3, "sharedMemory": "2Gi",
             "gang": {"minMember": 2}, "gpu": {"model": "A100"}}

    def test_merge_patch_cannot_change_a_field(self):
        fresh("Job", "patched", self.SHORT)
        for field, value in self.OTHER.items():
            with self.subTest(field=field):
                self.assertIn(f"spec.{field} {LOCKED}",
                              refusal(lambda: merge("Job", "patched", {field: value})))

    def test_a_field_cannot_be_removed(self):
        fresh("Job", "removed", self.SHORT)
        for field in set(self.OTHER) - {"image"}:
            with self.subTest(field=field):
                self.assertIn(f"spec.{field} {LOCKED}",
                              refusal(lambda: merge("Job", "removed", {field: None})))

    def test_a_field_cannot_be_added_later(self):
        fresh("Job", "added", {"image": "i"})
        for field in set(self.OTHER) - {"image", "args"}:
            value = {"minMember": 1} if field == "gang" else self.OTHER[field]
            with self.subTest(field=field):
                self.assertIn(f"spec.{field} {LOCKED}",
                              refusal(lambda: merge("Job", "added", {field: value})))

    def test_update_cannot_change_or_remove_a_field(self):
        job = fresh("Job", "updated", self.SHORT)
        for field, value in self.OTHER.items():
            changed = {**job["spec"], field: value}
            removed = {key: inner for key, inner in job["spec"].items() if key != field}
            for spec in (changed, removed):
                with self.subTest(field=field, removed=spec is removed):
                    self.assertIn(f"spec.{field} {LOCKED}", refusal(lambda spec=spec: ADMIN.request(
                        "PUT", collection("Job") + "/updated", {**job, "spec": spec})))

    def test_apply_cannot_change_or_remove_a_field(self):
        fresh("Job", "applied", {"image": "i"})
        ADMIN.delete(collection("Job") + "/applied")

        def applied(spec):
            return apply(ADMIN, collection("Job"), "applied", kind_object("Job", "applied", spec))
        applied(self.SHORT)
        for field, value in self.OTHER.items():
            changed = {**self.SHORT, field: value}
            removed = {key: inner for key, inner in self.SHORT.items() if key != field}
            for spec in (changed, removed):
                with self.subTest(field=field, removed=spec is removed):
                    self.assertIn(f"spec.{field} {LOCKED}", refusal(lambda spec=spec: applied(spec)))

    def test_the_form_cannot_change(self):
        fresh("Job", "form", {"image": "i"})
        says = refusal(lambda: merge("Job", "form", {"image": None, "tasks": [task()]}))
        self.assertIn(f"spec.image {LOCKED}", says)
        self.assertIn(f"spec.tasks {LOCKED}", says)

    def test_nothing_inside_a_template_can_change(self):
        fresh("Job", "inside", {"tasks": [task(), task("b")]})
        deep = task()
        deep["template"]["spec"] = {"containers": [{"name": "c", "image": "other"}]}
        labelled = task()
        labelled["template"]["metadata"] = {"labels": {"x": "y"}}
        known = task()
        known["template"]["spec"] = {"containers": CONTAINERS, "priorityClassName": "high"}
        for name, first in {"image": deep, "label": labelled, "field": known,
                            "replicas": task(replicas=2)}.items():
            with self.subTest(name):
                self.assertIn(f"spec.tasks {LOCKED}", refusal(
                    lambda: merge("Job", "inside", {"tasks": [first, task("b")]})))

    def test_in_what_the_schema_leaves_open_no_field_becomes_another(self):
        """As many fields as before, but others: the rules of the CRD alone would not see it."""
        def of(key, value):
            spec = {"containers": CONTAINERS, key: value}
            return {"tasks": [{"name": "a", "template": {"spec": spec}}]}

        def container(key):
            return of("containers", [{"name": "c", "image": "i", key: ["x"]}])

        def variable(source):
            return {"image": "i", "env": [{"name": "A", "valueFrom": {
                source: {"name": "n", "key": "k"}}}]}
        swaps = {"spec.tasks": [(of("nodeSelector", {"a": "b"}), of("tolerations", [{"key": "a"}])),
                                (container("command"), container("args"))],
                 "spec.env": [(variable("configMapKeyRef"), variable("secretKeyRef"))]}
        for field, pairs in swaps.items():
            for before, after in pairs:
                job = fresh("Job", "swapped", before)
                for verb, change in {
                        "patch": lambda after=after: merge("Job", "swapped", after),
                        "put": lambda after=after, job=job: ADMIN.request(
                            "PUT", collection("Job") + "/swapped", {**job, "spec": after}),
                        "apply": lambda after=after: apply(
                            ADMIN, collection("Job"), "swapped",
                            kind_object("Job", "swapped", after))}.items():
                    with self.subTest(verb, after=after):
                        self.assertIn(f"{field} {LOCKED}", refusal(change))
                merge("Job", "swapped", {"suspend": True})
                merge("Job", "swapped", after)

    def test_the_order_of_tasks_and_variables_cannot_change(self):
        fresh("Job", "order", {"tasks": [task(), task("b")]})
        self.assertIn(f"spec.tasks {LOCKED}", refusal(
            lambda: merge("Job", "order", {"tasks": [task("b"), task()]})))
        fresh("Job", "order-env", self.SHORT)
        self.assertIn(f"spec.env {LOCKED}", refusal(
            lambda: merge("Job", "order-env", {"env": list(reversed(self.SHORT["env"]))})))

    def test_what_does_not_shape_pods_can_change(self):
        fresh("Job", "free", self.SHORT)
        answer = merge("Job", "free", {
            "suspend": True, "priority": 700, "deadline": "2030-01-01T00:00:00Z",
            "retryPolicy": {"maxRetries": 5}, "maxRuntimeSeconds": 5, "activeDeadlineSeconds": 9,
            "ttlSecondsAfterFinished": 60, "preemption": {"policy": "Reclaim"},
            "podReplacementPolicy": "TerminatingOrFailed", "unreachableSeconds": 60})
        self.assertEqual(answer["spec"]["priority"], 700)

    def test_a_suspended_job_without_placement_can_be_edited(self):
        fresh("Job", "suspended", self.SHORT)
        merge("Job", "suspended", {"suspend": True, "image": "other", "command": None})
        self.assertIn(f"spec.image {LOCKED}", refusal(
            lambda: merge("Job", "suspended", {"suspend": False, "image": "third"})))

    def test_a_suspended_job_with_a_placement_cannot_be_edited(self):
        fresh("Job", "placed", {"image": "i", "suspend": True})
        placement = {"attempt": 1, "state": "Releasing", "assignments": []}
        write_status("Job", "placed", {"placement": placement})
        self.assertIn(f"spec.image {LOCKED}",
                      refusal(lambda: merge("Job", "placed", {"image": "other"})))
        write_status("Job", "placed", {"placement": None})
        merge("Job", "placed", {"image": "other"})

    def test_cancel_is_one_way(self):
        fresh("Job", "cancelled", {"image": "i"})
        job = merge("Job", "cancelled", {"cancel": True})
        says = "<nil>: Invalid value: spec.cancel cannot be taken back: create a new Job"
        for value in (False, None):
            self.assertEqual(
                refusal(lambda value=value: merge("Job", "cancelled", {"cancel": value})), says)
        for spec in ({"image": "i"}, {"image": "i", "cancel": False}):
            self.assertEqual(refusal(lambda spec=spec: ADMIN.request(
                "PUT", collection("Job") + "/cancelled", {**job, "spec": spec})), says)
        self.assertEqual(refusal(lambda: apply(
            ADMIN, collection("Job"), "cancelled",
            kind_object("Job", "cancelled", {"image": "i", "cancel": False}))), says)

    def test_tasks_of_a_workflow_cannot_change(self):
        first = {"name": "a", "image": "i", "env": [{"name": "A", "value": "1"},
                                                    {"name": "B", "value": "2"}]}
        flow = fresh("Workflow", "flow", {"tasks": [first]})
        for tasks in ([{**first, "image": "j"}], [first, {**first, "name": "b"}],
                      [{**first, "env": list(reversed(first["env"]))}]):
            for change in (lambda tasks=tasks: merge("Workflow", "flow", {"tasks": tasks}),
                           lambda tasks=tasks: ADMIN.request(
                               "PUT", collection("Workflow") + "/flow",
                               {**flow, "spec": {"tasks": tasks}}),
                           lambda tasks=tasks: apply(
                               ADMIN, collection("Workflow"), "flow",
                               kind_object("Workflow", "flow", {"tasks": tasks}))):
                self.assertIn("spec.tasks cannot be changed: create a new Workflow", refusal(change))


def write_status(kind, name, status):
    """As a new leader does, once the policies know of it."""
    epoch = lead(ADMIN, OPERATOR, "operator-0")
    return eventually(lambda: OPERATOR.patch(f"{collection(kind)}/{name}/status",
                                             {"status": {"epoch": epoch, **status}}))


class Maxima(unittest.TestCase):
    """The published limits can be used, and changed objects of that size can be judged."""

    def test_a_job_of_10000_replicas(self):
        create("Job", "wide", {"image": "i", "replicas": 10000}, dry=True)

    def test_a_job_of_32_tasks_and_10000_replicas_and_its_update(self):
        tasks = [task(f"t{i}", replicas=312 + 16 * (i == 0)) for i in range(32)]
        fresh("Job", "tasks", {"tasks": tasks, "gang": {"minMember": 10000}})
        merge("Job", "tasks", {"priority": "low"})

    def test_a_job_with_the_longest_lists_and_its_update(self):
        fresh("Job", "lists", {
            "image": "i" * 4096, "command": ["c" * 500] * 256, "args": ["a" * 100] * 1024,
            "env": [{"name": f"V{i}", "value": "v" * 1000} for i in range(256)],
            "resources": {f"example.com/r{i}": i for i in range(16)}})
        merge("Job", "lists", {"priority": "low"})

    def test_a_workflow_of_1000_tasks(self):
        tasks = [{"name": f"t{i}", "image": "i", "resources": {"cpu": 1, "gpu": "1"},
                  "dependencies": [f"t{j}" for j in range(max(0, i - 32), i)]}
                 for i in range(1000)]
        api = Api(control_plane().kubeconfig)
        path = collection("Workflow")
        if refusal(lambda: api.request("GET", path + "/long", timeout=60)) == "accepted":
            api.delete(path + "/long")
        api.create(path, kind_object("Workflow", "long", {"tasks": tasks}))
        api.patch(path + "/long", {"metadata": {"labels": {"a": "b"}}})

    def test_a_tenant_with_the_longest_lists(self):
        amounts = {f"example.com/r{i}": "1E" for i in range(32)}
        create("Tenant", "t" * 63, {
            "resourceQuota": amounts, "guaranteed": amounts,
            "borrowing": {"limit": amounts, "lendingLimit": amounts},
            "namespaces": [f"n{i}-*" for i in range(256)],
            "users": [f"u{i}" for i in range(1000)], "groups": [f"g{i}" for i in range(1000)],
            "placement": {"nodeSelector": {f"k{i}": "v" for i in range(32)}}}, dry=True)

    def test_a_placement_of_10000_assignments(self):
        fresh("Job", "spread", {"image": "i", "replicas": 10000})
        entry = {"nodeUID": "0" * 36, "task": "main"}
        write_status("Job", "spread", {"placement": {
            "attempt": 1, "revision": 1, "state": "Committed",
            "assignments": [{"node": f"node-{i}", "indexes": str(i), **entry}
                            for i in range(10000)]}})


class Columns(unittest.TestCase):
    def test_kubectl_shows_them(self):
        fresh("Job", "shown", {"image": "i"})
        write_status("Job", "shown", {"phase": "Pending", "reason": "WaitingForQuota",
                                      "tenant": "team-a", "gpus": 0, "ready": "0/1"})
        table = As(control_plane().kubeconfig, "admin", "system:masters", accept=TABLE).get(
            collection("Job") + "/shown")
        names = [column["name"] for column in table["columnDefinitions"]]
        self.assertEqual(names, ["Name", "Tenant", "Priority", "Phase", "Reason", "GPUs", "Ready",
                                 "Age", "Nodes", "Runtime", "Preemptions", "Deadline"])
        self.assertEqual(table["rows"][0]["cells"][:7],
                         ["shown", "team-a", None, "Pending", "WaitingForQuota", 0, "0/1"])


if __name__ == "__main__":
    unittest.main()
