"""What is under way when a replica is killed, and how it must end whoever leads: one class a kind of
load.

    begin()     brings the operator to the write
    go_on()     what follows when a new replica runs
    missing()   what is not yet as it must be in the end; empty: done
    clear()     gives the room back
"""

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


class Preempted(Jobs):
    """A victim, half of which ends at once, its beneficiary, which wants the whole cluster, and a job
    that would fit on the half that is free."""

    def begin(self):
        self.low, self.high = f"{self.name}-low", f"{self.name}-high"
        self.names.append(self.low)
        self.scene.job(self.low, tasks=self.tasks(600), priority="low")
        self.scene.wait(self.low, phase="Running")
        self.submit(self.high, replicas=8, gpu=8, priority="high")
        self.submit(f"{self.name}-thief", gpu=8)

    @staticmethod
    def tasks(seconds):
        return [{"name": name, "replicas": 4,
                 "template": template("100m", 8, {"run-seconds": seconds, **sim})}
                for name, sim in (("quick", {}), ("slow", {"stop-seconds": 8}))]

    def go_on(self):
        """What was freed stayed with the beneficiary; then the victim runs to its end."""
        self.scene.wait(self.high, phase="Succeeded")
        self.scene.until("the thief's pod", lambda: self.added(f"{self.name}-thief"))
        if self.added(f"{self.name}-thief")[0].at < self.added(self.high)[0].at:
            raise AssertionError(f"a place that was freed for {self.high} went to another job")
        self.run_to_the_end()

    def run_to_the_end(self):
        self.rerun(self.low, self.tasks(1))

    def rerun(self, job, tasks):
        self.scene.patch(job, suspend=True)
        self.scene.wait(job, phase="Suspended")
        self.scene.patch(job, tasks=tasks)
        self.scene.patch(job, suspend=False)

    def added(self, job):
        return self.scene.pod_changes(job, "ADDED")


class OneOfTwoPreempted(Preempted):
    """The same with two victims, one of which is gone while the other ends."""

    def begin(self):
        self.low, self.high = f"{self.name}-low", f"{self.name}-high"
        self.lows = [f"{self.low}-{kind}" for kind in ("quick", "slow")]
        self.names += self.lows
        for name, task in zip(self.lows, self.tasks(600), strict=True):
            self.scene.job(name, tasks=[task], priority="low")
        for name in self.lows:
            self.scene.wait(name, phase="Running")
        self.submit(self.high, replicas=8, gpu=8, priority="high")
        self.submit(f"{self.name}-thief", gpu=8)

    def go_on(self):
        for name in self.lows:  # or they begin once more when their beneficiary has ended
            self.scene.patch(name, suspend=True)
        super().go_on()

    def run_to_the_end(self):
        for name, task in zip(self.lows, self.tasks(1), strict=True):
            self.rerun(name, [task])


class Growing(Jobs):
    """A job of which one pod starts, and the other when there is room."""

    def begin(self):
        filler = f"{self.name}-filler"
        self.submit(filler, replicas=7, gpu=8, seconds=3)
        self.scene.wait(filler, phase="Running")
        self.submit(self.name, replicas=2, gpu=8, seconds=4, gang={"minMember": 1})


class Ended(Jobs):
    """Ends that are no success: one job fails twice, another is cancelled while it runs."""

    def begin(self):
        self.failing, self.cancelled = f"{self.name}-failing", f"{self.name}-cancelled"
        self.scene.job(self.cancelled, 2, cpu="100m", sim={"run-seconds": 600})
        self.scene.wait(self.cancelled, phase="Running")
        self.scene.job(self.failing, cpu="100m", sim={"run-seconds": 1, "exit-code": 3},
                       retryPolicy={"maxRetries": 1, "initialDelaySeconds": 1})
        self.scene.patch(self.cancelled, cancel=True)

    def missing(self):
        wrong = []
        for name, wanted in ((self.failing, ("Failed", 2)), (self.cancelled, ("Cancelled", 0))):
            status = self.scene.status(name)
            if (status.get("phase"), status.get("failures")) != wanted:
                wrong.append(f"{name} is {status.get('phase')}, {status.get('failures')} failures")
            wrong += [f"{pod['metadata']['name']} lives" for pod in self.scene.pods(name)
                      if pod["status"].get("phase") not in TERMINAL]
        return wrong


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
