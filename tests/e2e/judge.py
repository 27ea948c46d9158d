"""Judges a run by an independent watch of the pods and by the audit log, never by our own word.

  no GPU is promised twice     the requests of living pods on a node never exceed what it has
  no index runs twice          at most one living pod for each (job UID, task, index)
  no gang starts by halves     an attempt that ran had all its pods, or was released
  no group stays by halves     foreign pods are bound in part no longer than their timeout allows
  no pod is bound twice, and no task of a workflow gets a second Job
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


def _creates(writes):
    """(slot, attempt, write) of every pod of a job that the operator created."""
    for write in writes:
        if write.dry or write.resource != "pods" or not by_operator(write):
            continue
        if write.verb == "create" and write.code == 201 and (slot := _slot(write.response)):
            yield slot, int(write.response["metadata"]["labels"]["scheduler.io/attempt"]), write


def _version(write):
    """etcd's revision: the one order that all writes share."""
    return int(write.response["metadata"]["resourceVersion"])


def judge_creates(writes):
    """By the audit log: each pod index is created at most once an attempt; no refused epoch ever got
    through: in the order of etcd, no pod follows one of a newer epoch."""
    wrong = []
    created = collections.Counter()
    newest = 0
    for slot, attempt, write in sorted(_creates(writes), key=lambda found: _version(found[2])):
        created[slot, attempt] += 1
        if created[slot, attempt] > 1:
            wrong.append(f"{write.name} was created {created[slot, attempt]} times in one attempt")
        epoch = int(write.response["metadata"]["annotations"]["scheduler.io/epoch"])
        if epoch < newest:
            wrong.append(f"{write.name} of epoch {epoch} follows a pod of epoch {newest}")
        newest = max(newest, epoch)
    return wrong


def _width(spec):
    tasks = spec.get("tasks") or [{"replicas": spec.get("replicas", 1)}]
    return sum(task.get("replicas", 1) for task in tasks)


def _assigned(placement):
    count = 0
    for place in placement.get("assignments", []):
        for span in place["indexes"].split(","):
            first, _, last = span.partition("-")
            count += int(last or first) - int(first) + 1
    return count


def judge_gangs(writes):
    """By the audit log: no pod of a gang is created before one write has placed its minimum, and an
    attempt whose pods were not all created was released."""
    wrong, committed, released, made = [], {}, set(), collections.Counter()
    events = [write for write in writes if write.resource == "jobs/status" and by_operator(write)
              and write.code == 200 and not write.dry]
    events += [write for _, _, write in _creates(writes)]
    for write in sorted(events, key=_version):
        body = write.response
        if write.resource == "jobs/status":
            placement = body["status"].get("placement")
            if placement:
                key = body["metadata"]["uid"], placement["attempt"]
                committed[key] = (_assigned(placement), body["spec"], write.name)
                if placement["state"] == "Releasing":
                    released.add(key)
            continue
        slot = _slot(body)
        key = slot[0], int(body["metadata"]["labels"]["scheduler.io/attempt"])
        made[key] += 1
        single = body["spec"].get("subdomain") is None
        if key not in committed and not single:
            wrong.append(f"{write.name} was created before its gang was committed")
    for key, (assigned, spec, name) in committed.items():
        least = spec.get("gang", {}).get("minMember") or _width(spec)
        if assigned < least:
            wrong.append(f"{name}: attempt {key[1]} was committed with {assigned} of {least} pods")
        if made[key] < least and key not in released:
            wrong.append(f"{name}: attempt {key[1]} ran {made[key]} of {least} pods")
    return wrong


def judge_leaders(writes, user):
    """By the audit log: all writes but those of the Lease are this user's."""
    return [f"{write!r} by {write.user}" for write in writes if by_operator(write)
            and write.resource != "leases" and write.user != user]


def judge_jobs(jobs):
    return [f"{job['metadata']['namespace']}/{job['metadata']['name']} ended as "
            f"{job.get('status', {}).get('phase')}: {job.get('status', {}).get('message')}"
            for job in jobs if job.get("status", {}).get("phase") != "Succeeded"]


# ---- Pods that others create, and workflows ----

class _Group:
    """Pods of one group by uid, and whether its minimum was on nodes since the first of them was."""

    def __init__(self):
        self.pods = {}
        self._had_minimum = False

    def in_part(self):
        """Some are on nodes, fewer than the minimum, and others wait or it never had it."""
        pods = self.pods.values()
        living = [pod for pod in pods if pod.get("status", {}).get("phase") not in TERMINAL]
        bound = sum("nodeName" in pod["spec"] for pod in living)
        done = sum(pod.get("status", {}).get("phase") == "Succeeded" for pod in pods)
        least = max((int(pod["metadata"]["labels"].get("scheduler.io/pod-group-min", 1))
                     for pod in living if "deletionTimestamp" not in pod["metadata"]), default=1)
        has = bound + done >= least
        self._had_minimum = bound > 0 and (self._had_minimum or has)
        return bound > 0 and not has and (bound < len(living) or not self._had_minimum)


def judge_groups(changes, takeover=20):
    """By the watch: no group is bound in part for longer than its own timeout and the time that a
    takeover needs."""
    wrong, groups, since = [], collections.defaultdict(_Group), {}
    for change in changes:
        meta = change.body["metadata"]
        group = meta.get("labels", {}).get("scheduler.io/pod-group")
        if not group:
            continue
        key = meta["namespace"], group
        groups[key].pods.pop(meta["uid"], None)
        if change.verb != "DELETED":
            groups[key].pods[meta["uid"]] = change.body
        if groups[key].in_part():
            since.setdefault(key, change.at)
            continue
        lasted = change.at - since.pop(key, change.at)
        limit = int(meta["labels"].get("scheduler.io/pod-group-timeout", 600)) + takeover
        if lasted > limit:
            wrong.append(f"group {group} was bound in part for {lasted:.0f} s")
    return wrong + [f"group {group} is bound in part" for _, group in since]


def _twice(found, what):
    return [f"{name} was {what} {times} times"
            for (name, _), times in collections.Counter(found).items() if times > 1]


def judge_bindings(writes):
    """By the audit log: one Binding a pod."""
    return _twice([(write.name, write.request["metadata"]["uid"]) for write in writes
                   if write.resource == "pods/binding" and write.code == 201 and by_operator(write)
                   and not write.dry], "bound")


def judge_tasks(writes):
    """By the audit log: one Job a task of a workflow."""
    return _twice([(write.response["metadata"]["name"],
                    write.response["metadata"]["ownerReferences"][0]["uid"]) for write in writes
                   if (write.verb, write.resource, write.code) == ("create", "jobs", 201)
                   and by_operator(write) and not write.dry], "created")
