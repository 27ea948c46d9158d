"""What the end-to-end tests are written in: a scene is a namespace with a tenant of its own.

Simulated pods behave as their annotations say (tests/cluster/README.md); `sim` of job() gives these
without their prefix, e.g. sim={"run-seconds": 2, "exit-code": 3}.
"""

import datetime
import re
import signal
import sys
import time
import unittest

import harness
from audit_log import by_operator
from kube_client import OURS, ApiError, path_of
from muster_cluster import nodes as simulated
from side_by_side import SideBySide

HOUSE = None
PATIENCE = 90  # seconds; only a failure, or a very busy machine, takes so long
FINISHED = ("Succeeded", "Failed", "Cancelled")


def side_by_side(tests, begin=None, kind=harness.House, **options):
    """The suite for a file's load_tests: one house for all of it; begin(house) before the tests."""
    def start():
        global HOUSE
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))
        HOUSE = kind(**options)
        if begin:
            begin(HOUSE)

    def stop(ok):
        if HOUSE:
            HOUSE.close(ok)
    return SideBySide(tests, start, stop)


class Story(unittest.TestCase):
    """A test with a scene named after it.  `tenant` is the spec of its Tenant."""

    tenant = {}
    maxDiff = None

    def setUp(self):
        self.house = HOUSE
        name = self._testMethodName.removeprefix("test_").replace("_", "-")
        self.scene = self.new_scene(name[:40].strip("-"), self.tenant)

    def new_scene(self, name, tenant=None, claimed=True):
        return Scene(name, tenant, claimed)


def job_body(name, namespace, spec, annotations=None):
    meta = {"name": name, "namespace": namespace}
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": "scheduler.io/v1", "kind": "Job", "metadata": meta, "spec": spec}


def template(cpu="1", gpu=0, sim=None, **pod):
    """A pod template; `pod` goes into its spec."""
    requests = {"cpu": cpu, "memory": "64Mi"}
    limits = {"memory": "64Mi"}
    if gpu:
        requests["nvidia.com/gpu"] = limits["nvidia.com/gpu"] = gpu
    container = {"name": "main", "image": "busybox:1.36",
                 "resources": {"requests": requests, "limits": limits}}
    notes = {f"sim.scheduler.io/{key}": str(value) for key, value in (sim or {}).items()}
    return {"metadata": {"annotations": notes}, "spec": {"containers": [container], **pod}}


def group_pod(name, namespace, group=None, least=None, gpu=0, timeout=None, sim=None, **spec):
    """A pod that another controller makes for us to bind; `spec` goes into its spec."""
    body = {"apiVersion": "v1", "kind": "Pod",
            **template(gpu=gpu, sim=sim, schedulerName="muster", **spec)}
    labels = {"pod-group": group, "pod-group-min": least, "pod-group-timeout": timeout}
    body["metadata"].update(
        name=name, namespace=namespace,
        labels={f"scheduler.io/{k}": str(v) for k, v in labels.items() if v is not None})
    return body


class Scene:
    """A namespace, its tenant, and what happens in it."""

    def __init__(self, name, tenant, claimed=True):
        self.name, self.house = name, HOUSE
        self.kube, self.mirror = HOUSE.kube, HOUSE.mirror
        self.kube.make("Namespace", {"apiVersion": "v1", "kind": "Namespace",
                                     "metadata": {"name": name}})
        self.kube.apply(path_of("ServiceAccount", name, "default"), {
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
        self.pool = "common"
        if tenant is not None:
            self.set_tenant(tenant)
            if claimed:
                self._claim()

    # ---- The tenant and its nodes ----

    def set_tenant(self, spec):
        spec = {"placement": {"nodeSelector": {"pool": self.pool}}, **spec}
        self.kube.apply(path_of("Tenant", name=self.name), {
            "apiVersion": "scheduler.io/v1", "kind": "Tenant",
            "metadata": {"name": self.name}, "spec": spec})

    def _claim(self):
        def claimed():
            labels = self.kube.get(path_of("Namespace", name=self.name))["metadata"]["labels"]
            return labels.get("scheduler.io/tenant") == self.name
        self.mirror.wait(lambda: f"claim of {self.name}", claimed, PATIENCE)

    def own_nodes(self, count=1, gpus=8, cpu="32", pool=None, **tenant):
        """Nodes that only tenants of `pool` (by default this one) use; their names."""
        self.pool = pool or self.name
        options = {"nodes": count, "gpus_per_node": gpus, "cpu": cpu, "memory": "256Gi",
                   "a100_fraction": 0}
        names = []
        for body in simulated.build(options, {}):
            name = f"{self.pool}-{len(names)}"
            body["metadata"]["name"] = name
            body["metadata"]["labels"].update({"pool": self.pool, "kubernetes.io/hostname": name})
            body.pop("spec")
            self.kube.make("Node", body)
            names.append(name)
        self.set_tenant(tenant)
        self.mirror.wait(lambda: f"nodes of {self.pool} ready", lambda: all(
            simulated.is_ready(self.kube.get(path_of("Node", name=n))) for n in names), PATIENCE)
        return names

    # ---- Jobs ----

    def job(self, name, replicas=1, cpu="1", gpu=0, sim=None, tasks=None, **spec):
        """Creates a job of one task `main` (or of `tasks`); `spec` is the rest of its spec."""
        if tasks is None:
            tasks = [{"name": "main", "replicas": replicas, "template": template(cpu, gpu, sim)}]
        return self.kube.make("Job", job_body(name, self.name, {"tasks": tasks, **spec}))

    def short(self, name, **spec):
        """Creates a job in the short form."""
        spec = {"image": "busybox:1.36", "resources": {"cpu": 1, "memory": "64Mi"}, **spec}
        return self.kube.make("Job", job_body(name, self.name, spec))

    def patch(self, name, **spec):
        return self.kube.patch(path_of("Job", self.name, name), {"spec": spec})

    def delete(self, kind, name):
        return self.kube.delete(path_of(kind, self.name, name), {"propagationPolicy": "Background"})

    def status(self, name):
        body = self.mirror.get("Job", self.name, name)
        return (body or {}).get("status", {})

    def condition(self, name, kind):
        return condition_of(self.status(name), kind)

    def wait(self, name, timeout=PATIENCE, **wanted):
        """Until the status has these values: wait("a", phase="Pending", reason="NoTenant").  Then the
        pods are known as they were when it was written, or newer."""
        def there():
            status = self.status(name)
            if "phase" in wanted and status.get("phase") in FINISHED and \
                    wanted["phase"] not in FINISHED:
                raise AssertionError(f"waiting for {wanted}: {self.describe(name)}")
            return status if all(status.get(k) == v for k, v in wanted.items()) else None
        status = self.until(f"{name} {wanted}", there, timeout, name)
        self.mirror.catch_up("Pod", self.name)
        return status

    def next_second(self):
        """Jobs that are created in the same second have no order but that of their UIDs."""
        second = int(time.time())
        self.until("the next second", lambda: int(time.time()) > second)

    def until(self, what, check, timeout=PATIENCE, about=None):
        def text():
            return f"{what}; {self.describe(about) if about else ''}"
        return self.mirror.wait(text, check, timeout)

    def phases(self, name):
        """Phases in the order in which they were seen."""
        seen = []
        for change in self.mirror.changes("Job", self.name):
            phase = change.body.get("status", {}).get("phase", "")
            if change.body["metadata"]["name"] == name and phase and seen[-1:] != [phase]:
                seen.append(phase)
        return seen

    def reasons(self, name, kind):
        """Reasons of a condition in the order in which they were seen."""
        seen = []
        for change in self.mirror.changes("Job", self.name):
            told = condition_of(change.body.get("status", {}), kind)
            if change.body["metadata"]["name"] == name and told and seen[-1:] != [told["reason"]]:
                seen.append(told["reason"])
        return seen

    # ---- Pods ----

    def pods(self, job=None):
        return [pod for pod in self.mirror.all("Pod", self.name)
                if job in (None, pod["metadata"].get("labels", {}).get("scheduler.io/job"))]

    def pod_changes(self, job, verb=None):
        return [c for c in self.mirror.changes("Pod", self.name)
                if c.body["metadata"].get("labels", {}).get("scheduler.io/job") == job
                and verb in (None, c.verb)]

    def running(self, job):
        return [pod for pod in self.pods(job) if pod.get("status", {}).get("phase") == "Running"]

    def gone(self, kind, name):
        return self.until(f"{kind} {name} gone",
                          lambda: self.mirror.get(kind, self.name, name) is None)

    # ---- Events and writes ----

    def events(self, name, reason=None):
        return [event for event in self.mirror.all("Event", self.name)
                if event["involvedObject"]["name"] == name and reason in (None, event["reason"])]

    def wait_event(self, name, reason, *words, timeout=PATIENCE):
        def found():
            for event in self.events(name, reason):
                if all(word in event["message"] for word in words):
                    return event
            return None
        return self.until(f"event {reason} of {name} with {words}", found, timeout, name)

    def operator_writes(self):
        """What the operator wrote in this namespace and about its Tenant, dry runs apart."""
        return [w for w in self.house.writes() if by_operator(w) and not w.dry and (
            w.namespace == self.name
            or w.resource.startswith("tenants") and w.name == self.name)]

    @staticmethod
    def now():
        return time.monotonic()

    def describe(self, name):
        status = self.status(name)
        pods = [f"{p['metadata']['name']}@{p['spec'].get('nodeName')}="
                f"{p.get('status', {}).get('phase')}" for p in self.pods(name)]
        events = [f"{e['reason']}: {e['message']}" for e in self.events(name)]
        short = {k: v for k, v in status.items() if k not in ("conditions", "epoch", "tasks")}
        return f"job {self.name}/{name} is {short}, pods {pods}, events {events}"


def condition_of(status, kind):
    for condition in status.get("conditions", []):
        if condition["type"] == kind:
            return condition
    return None


def unix(text):
    """Seconds of a Kubernetes time."""
    text = re.sub(r"Z$", "+00:00", text)
    return datetime.datetime.fromisoformat(text).timestamp()


def in_time(seconds):
    """A Kubernetes time so many seconds from now."""
    at = datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = ["FINISHED", "OURS", "ApiError", "Scene", "Story", "condition_of", "group_pod", "in_time",
           "job_body", "path_of", "side_by_side", "template", "unix"]
