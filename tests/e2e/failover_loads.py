"""What is under way when a replica is killed, and how it must end whoever leads: one class a kind of
load, and the table of the writes at which the campaign kills.

    begin()     brings the operator to the write
    go_on()     what follows when a new replica runs
    missing()   what is not yet as it must be in the end; empty: done
    clear()     gives the room back
"""

import collections
import contextlib

from judge import TERMINAL, judge_jobs
from kube_client import path_of
from story import ApiError, condition_of, group_pod, template


class Load:
    def __init__(self, scene, name):
        self.scene, self.kube, self.name = scene, scene.kube, name

    def begin(self):
        raise NotImplementedError

    def go_on(self):
        pass

    def missing(self):
        raise NotImplementedError

    def clear(self):
        pass


class Jobs(Load):
    """A single pod and a gang, or what submit() was called for."""

    def __init__(self, scene, name):
        super().__init__(scene, name)
        self.names = []

    def submit(self, name, replicas=1, gpu=1, seconds=1, **spec):
        self.names.append(name)
        self.scene.job(name, replicas, cpu="100m", gpu=gpu, sim={"run-seconds": seconds}, **spec)

    def begin(self):
        self.submit(f"{self.name}-one")
        self.submit(f"{self.name}-gang", replicas=3, gpu=4)

    def missing(self):
        return judge_jobs([self.scene.mirror.get("Job", self.scene.name, name) or {"metadata": {
            "namespace": self.scene.name, "name": name}} for name in self.names])


class Suspended(Jobs):
    """A gang that is suspended while it runs, and resumed."""

    def begin(self):
        self.submit(f"{self.name}-one")
        self.submit(self.name, replicas=3, gpu=4, seconds=600)
        self.scene.wait(self.name, phase="Running")
        self.scene.patch(self.name, suspend=True)

    def go_on(self):
        """Nothing of the released attempt may live on; then the job runs to its end."""
        self.scene.wait(self.name, phase="Suspended")
        self.scene.until("its pods seen ended", lambda: not [
            pod for pod in self.scene.pods(self.name) if pod["status"].get("phase") not in TERMINAL],
            5, self.name)
        task = {"name": "main", "replicas": 3, "template": template("100m", 4, {"run-seconds": 1})}
        self.scene.patch(self.name, tasks=[task])
        self.scene.patch(self.name, suspend=False)


class Expiring(Jobs):
    """A job that goes when it has ended, and one that stays."""

    def begin(self):
        self.submit(f"{self.name}-stays")
        self.scene.job(self.name, 2, cpu="100m", sim={"run-seconds": 1}, ttlSecondsAfterFinished=1)

    def missing(self):
        left = [self.name] if self.scene.mirror.get("Job", self.scene.name, self.name) else []
        left += [pod["metadata"]["name"] for pod in self.scene.pods(self.name)]
        return super().missing() + [f"{name} is still there" for name in left]


class Group(Load):
    """Pods of another controller, which run until they are cleared away."""

    COUNT, TIMEOUT = 3, 30

    def begin(self):
        for index in range(self.COUNT):
            self.pod(index)

    def pod(self, index, **spec):
        self.kube.make("Pod", group_pod(f"{self.name}-{index}", self.scene.name, self.name,
                                        self.COUNT, gpu=1, timeout=self.TIMEOUT, **spec))

    def seen(self, index):
        return self.scene.mirror.get("Pod", self.scene.name, f"{self.name}-{index}") or {}

    def missing(self):
        return [f"{self.name}-{index} does not run" for index in range(self.COUNT)
                if self.seen(index).get("status", {}).get("phase") != "Running"]

    def clear(self):
        for index in range(self.COUNT):
            with contextlib.suppress(ApiError):
                self.scene.delete("Pod", f"{self.name}-{index}")


class LateGroup(Group):
    """Its last pod comes when the others have been told that they wait for it."""

    def begin(self):
        for index in range(self.COUNT - 1):
            self.pod(index)

    def go_on(self):
        def told():
            return all("2 of 3 pods exist" in (condition_of(
                self.seen(index).get("status", {}), "PodScheduled") or {}).get("message", "")
                for index in range(self.COUNT - 1))
        self.scene.until(f"{self.name} is told", told, 30)
        self.pod(self.COUNT - 1)


class StuckGroup(Group):
    """One of two pods is bound and the other never can be: after the timeout the first one goes."""

    COUNT, TIMEOUT = 2, 2

    def begin(self):
        self.pod(0)
        first = f"{self.name}-0"
        self.kube.create(f"{path_of('Pod', self.scene.name, first)}/binding", {
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": first, "namespace": self.scene.name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "node-000"}})
        self.pod(1, nodeSelector={"pool": "nowhere"})

    def missing(self):
        return ([f"{self.name}-0 is still there"] if self.seen(0) else []) + (
            [f"{self.name}-1 was bound"] if self.seen(1).get("spec", {}).get("nodeName") else [])


class Mixed(Jobs):
    """Jobs and the pods of another controller at once."""

    def __init__(self, scene, name):
        super().__init__(scene, name)
        self.group = Group(scene, f"{name}-group")

    def begin(self):
        self.group.begin()
        super().begin()

    def missing(self):
        return super().missing() + self.group.missing()

    def clear(self):
        self.group.clear()


class Pipeline(Load):
    """A workflow of two tasks, one after the other."""

    def begin(self):
        tasks = [{"name": name, "image": "busybox:1.36", "command": ["sleep", "1"],
                  "resources": {"cpu": "100m"}, "dependencies": needs}
                 for name, needs in (("a", []), ("b", ["a"]))]
        self.kube.make("Workflow", {
            "apiVersion": "scheduler.io/v1", "kind": "Workflow",
            "metadata": {"name": self.name, "namespace": self.scene.name}, "spec": {"tasks": tasks}})

    def missing(self):
        flow = self.scene.mirror.get("Workflow", self.scene.name, self.name) or {}
        status = flow.get("status", {})
        done = (status.get("phase"), status.get("done")) == ("Succeeded", "2/2")
        return [] if done else [f"workflow {self.name} is {status}"]


class Claim(Load):
    """A Tenant that claims a namespace and renders all that there is into it."""

    SPEC = {"networkPolicy": {"isolation": "strict"}, "users": ["ann"],
            "resourceQuota": {"storage": "1Gi", "gpu": 8}}
    RENDERED = {"NetworkPolicy": "networkpolicy", "RoleBinding": "rolebinding",
                "CoreQuota": "resourcequota"}

    def begin(self):
        self.kube.make("Namespace", {"apiVersion": "v1", "kind": "Namespace",
                                     "metadata": {"name": self.name}})
        self.kube.make("Tenant", {"apiVersion": "scheduler.io/v1", "kind": "Tenant",
                                  "metadata": {"name": self.name}, "spec": self.SPEC})
        self.kube.make("ResourceQuota", {
            "apiVersion": "scheduler.io/v1", "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": self.name}, "spec": {"hard": {"cpu": "2"}}})

    def is_ready(self, kind, space, name):
        body = self.scene.mirror.get(kind, space, name) or {}
        found = condition_of(body.get("status", {}), "Ready")
        return bool(found) and found["status"] == "True"

    def there(self):
        """Kinds of what is rendered, by the API server."""
        found = []
        for kind in self.RENDERED:
            with contextlib.suppress(ApiError):
                self.kube.get(path_of(kind, self.name, f"muster-{self.name}"))
                found.append(kind)
        return found

    def marks(self):
        """Who has claimed the namespace, and what is written to be in it."""
        meta = self.kube.get(path_of("Namespace", name=self.name))["metadata"]
        said = meta.get("annotations", {}).get("scheduler.io/rendered", "")
        return meta["labels"].get("scheduler.io/tenant"), set(said.split())

    def missing(self):
        wrong = [f"{kind} {name} is not ready" for kind, space, name in (
            ("Tenant", "", self.name), ("ResourceQuota", self.name, "q"))
            if not self.is_ready(kind, space, name)]
        marks = self.marks()
        if marks != (self.name, {self.name, *self.RENDERED.values()}):
            wrong.append(f"namespace {self.name} has the marks {marks}")
        return wrong + [f"no {kind} in {self.name}" for kind in self.RENDERED
                        if kind not in self.there()]


class Unclaim(Claim):
    """Such a Tenant that is deleted: nothing of it stays."""

    def begin(self):
        super().begin()
        self.scene.until(f"{self.name} claimed", lambda: not super(Unclaim, self).missing())
        self.kube.delete(path_of("Tenant", name=self.name))

    def missing(self):
        marks = self.marks()
        wrong = [] if marks == (None, set()) else [f"namespace {self.name} has the marks {marks}"]
        return wrong + [f"{kind} is still in {self.name}" for kind in self.there()]


# NAME in a path is that of the load.
Write = collections.namedtuple("Write", "method path body load nth", defaults=("", Jobs, 1))
JOBS = r"^/apis/scheduler\.io/v1/namespaces/[^/]+/jobs"
RENDERED = r"/namespaces/NAME/"
CORE_QUOTA = r"^/api/v1/namespaces/NAME/resourcequotas/"
TENANT = r"/tenants/NAME/status"
NAMESPACE = r"^/api/v1/namespaces/NAME\?"

WRITES = {
    "pod-create": Write("POST", r"/pods(\?|$)", "", Mixed),
    "commit": Write("PATCH", JOBS + r"/[^/]+/status", '"Committed"'),
    "running": Write("PATCH", JOBS + r"/[^/]+/status", '"Running"'),
    "terminal": Write("PATCH", JOBS + r"/[^/]+/status", '"Succeeded"'),
    "release": Write("PATCH", JOBS + r"/[^/]+/status", '"Releasing"', Suspended),
    "pod-delete": Write("DELETE", r"/pods/", "", Suspended),
    "service": Write("POST", r"/services(\?|$)"),
    "event": Write("POST", r"/events(\?|$)"),
    "lease": Write("PATCH", r"/leases/"),
    "ttl": Write("DELETE", JOBS + "/NAME", "", Expiring),
    # The second one: then the group is bound in part.
    "binding": Write("POST", r"/pods/NAME-\d/binding", "", Group, 2),
    "pod-condition": Write("PATCH", r"/pods/NAME-\d/status", "PodScheduled", LateGroup),
    "group-delete": Write("DELETE", r"/pods/NAME-0", "", StuckGroup),
    "task-job": Write("POST", JOBS + r"(\?|$)", "NAME-a", Pipeline),
    "later-job": Write("POST", JOBS + r"(\?|$)", "NAME-b", Pipeline),
    "workflow-running": Write("PATCH", r"/workflows/NAME/status", '"Running"', Pipeline),
    "workflow-end": Write("PATCH", r"/workflows/NAME/status", '"2/2"', Pipeline),
    "tenant-status": Write("PATCH", TENANT, "", Claim),
    "quota-status": Write("PATCH", RENDERED + "resourcequotas/q/status", "", Claim),
    "claim": Write("PATCH", NAMESPACE, "scheduler.io/tenant", Claim),
    "network-policy": Write("PATCH", RENDERED + "networkpolicies/", "", Claim),
    "role-binding": Write("PATCH", RENDERED + "rolebindings/", "", Claim),
    "core-quota": Write("PATCH", CORE_QUOTA, "", Claim),
    "policy-delete": Write("DELETE", RENDERED + "networkpolicies/", "", Unclaim),
    "role-delete": Write("DELETE", RENDERED + "rolebindings/", "", Unclaim),
    "core-quota-delete": Write("DELETE", CORE_QUOTA, "", Unclaim),
    "unclaim": Write("PATCH", NAMESPACE, "null", Unclaim),
}
