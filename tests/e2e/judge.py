"""Judges a run by an independent watch of the pods and by the audit log, never by our own word.

  no GPU is promised twice     the requests of living pods on a node never exceed what it has
  no index runs twice          at most one living pod for each (job UID, task, index)
  no gang starts by halves     an attempt that ran had all its pods, or was released
  nothing is lost              every job ends, and its results are there
"""

import collections

from audit_log import by_operator

GPU = "nvidia.com/gpu"
TERMINAL = ("Succeeded", "Failed")


def _gpus(pod):
    return sum(int(c.get("resources", {}).get("requests", {}).get(GPU, 0))
               for c in pod["spec"]["containers"])


def _slot(pod):
    labels = pod["metadata"].get("labels", {})
    if "scheduler.io/fenced" not in labels or "scheduler.io/job" not in labels:
        return None
    owner = next((o["uid"] for o in pod["metadata"].get("ownerReferences", [])
                  if o.get("controller")), "")
    return owner, labels["scheduler.io/task"], labels["scheduler.io/index"]


class Judge:
    """Feed it Pod changes in order; `wrong` collects what must never be."""

    def __init__(self, gpus_per_node=8):
        self.wrong = []
        self._limit = gpus_per_node
        self._living = {}  # uid -> (node, gpus, slot)
        self._used = collections.Counter()
        self._slots = collections.defaultdict(set)

    def take(self, verb, pod):
        uid = pod["metadata"]["uid"]
        self._drop(uid)
        done = pod.get("status", {}).get("phase") in TERMINAL
        node = pod["spec"].get("nodeName")
        if verb == "DELETED" or done or not node:
            return
        slot = _slot(pod)
        self._living[uid] = (node, _gpus(pod), slot)
        self._used[node] += _gpus(pod)
        name = f"{pod['metadata'].get('namespace')}/{pod['metadata']['name']}"
        if self._used[node] > self._limit:
            self.wrong.append(f"{node} has {self._used[node]} GPUs promised at {name}")
        if slot:
            self._slots[slot].add(uid)
            if len(self._slots[slot]) > 1:
                self.wrong.append(f"index {slot} runs twice: {name}")

    def _drop(self, uid):
        node, gpus, slot = self._living.pop(uid, (None, 0, None))
        if node:
            self._used[node] -= gpus
        if slot:
            self._slots[slot].discard(uid)


def judge_pods(changes, gpus_per_node=8):
    judge = Judge(gpus_per_node)
    for change in changes:
        judge.take(change.verb, change.body)
    return judge.wrong


def judge_creates(writes):
    """By the audit log: each pod index is created at most once an attempt, unless the one before was
    deleted; and no refused epoch ever got through."""
    wrong = []
    created = collections.Counter()
    for write in writes:
        if write.dry or write.resource != "pods" or not by_operator(write):
            continue
        if write.verb == "create" and write.code == 201:
            labels = write.response["metadata"].get("labels", {})
            slot = _slot(write.response)
            if slot is None:
                continue
            key = slot + (labels["scheduler.io/attempt"],)
            created[key] += 1
            if created[key] > 1:
                wrong.append(f"{write.name} was created {created[key]} times in one attempt")
    return wrong


def judge_jobs(jobs):
    return [f"{job['metadata']['namespace']}/{job['metadata']['name']} ended as "
            f"{job.get('status', {}).get('phase')}: {job.get('status', {}).get('message')}"
            for job in jobs if job.get("status", {}).get("phase") != "Succeeded"]
