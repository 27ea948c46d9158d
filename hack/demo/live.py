"""Watches the jobs of the demo: remembers how each fared, and shows the columns of `kubectl get`.

On a terminal the table redraws; otherwise a line appears whenever a job's columns changed.
"""

import shutil
import sys
import time

from .kubectl import is_ours

FINISHED = ("Succeeded", "Failed", "Cancelled")
STUCK = ("Misconfigured", "ExceedsMaxQuota", "NoMatchingNodes")
HOLDING = ("Scheduling", "Running", "Preempting")
# A line a pod: its tenant, its phase, and the GPUs of its containers.
PODS = ("jsonpath={range .items[*]}{.metadata.labels['scheduler\\.io/tenant']} {.status.phase}"
        " {.spec.containers[*].resources.requests['nvidia\\.com/gpu']}{'\\n'}{end}")


class Story:
    """What was seen of one job."""

    def __init__(self, item, now):
        self.namespace = item["metadata"]["namespace"]
        self.name = item["metadata"]["name"]
        self.first_seen = now
        self.started = None  # when it first held a place
        self.ended = None
        self.waits = {}  # reason -> seconds
        self.preempted = []  # messages of the condition
        self.phase, self.reason, self.gpus, self.tenant = "", "", 0, ""

    def see(self, item, now, seconds):
        status = item.get("status", {})
        self.phase = status.get("phase", "")
        self.reason = status.get("reason", "")
        self.gpus = status.get("gpus", 0)
        self.tenant = status.get("tenant", "")
        if self.phase in ("Pending", "Reserved", ""):
            reason = self.reason or "PendingEvaluation"
            self.waits[reason] = self.waits.get(reason, 0.0) + seconds
        if self.phase in HOLDING and self.started is None:
            self.started = now
        if self.phase in FINISHED and self.ended is None:
            self.ended = now
        for condition in status.get("conditions", []):
            if condition["type"] == "Preempted" and condition["status"] == "True":
                if condition.get("message") not in self.preempted:
                    self.preempted.append(condition.get("message", ""))

    @property
    def settled(self):
        return self.phase in FINISHED or (self.phase == "Pending" and self.reason in STUCK)


class Live:
    def __init__(self, kubectl):
        self._kubectl = kubectl
        self._redraw = sys.stdout.isatty()
        self._lines = {}
        self._last = None
        self.began = time.monotonic()
        self.jobs = {}
        self.gpu_seconds = {}
        self.peak = {}

    @property
    def last_seen(self):
        return self._last or self.began

    def poll(self):
        """One look at the cluster; shows it."""
        now = time.monotonic()
        seconds = now - self._last if self._last else 0.0
        self._last = now
        for item in self._kubectl.items("jobs.scheduler.io"):
            if not is_ours(item["metadata"]["namespace"]):
                continue
            key = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
            story = self.jobs.setdefault(key, Story(item, now))
            story.see(item, now, seconds)
        for tenant, gpus in self._held().items():
            self.gpu_seconds[tenant] = self.gpu_seconds.get(tenant, 0.0) + gpus * seconds
            self.peak[tenant] = max(self.peak.get(tenant, 0), gpus)
        self.show()

    def _held(self):
        """GPUs of each tenant's pods that have a node and have not ended."""
        held = {}
        listed = self._kubectl.run("get", "pods", "-A", "-l", "scheduler.io/tenant", "-o", PODS)
        for line in listed.splitlines():
            tenant, phase, *gpus = line.split()
            if phase in ("Pending", "Running"):
                held[tenant] = held.get(tenant, 0) + sum(map(int, gpus))
        return held

    def until(self, what, check, seconds):
        """Polls about once a second until check(); False when the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            started = time.monotonic()
            self.poll()
            if check():
                return True
            time.sleep(max(0.0, 0.8 - (time.monotonic() - started)))
        print(f"not within {seconds} s: {what}", flush=True)
        return False

    def show(self):
        text = self._kubectl.try_run("get", "jobs.scheduler.io", "-A").stdout
        lines = text.splitlines()
        rows = [line for line in lines[1:] if is_ours(line)]
        if not rows:
            return
        if self._redraw:
            self._draw(lines[0], rows)
            return
        for line in rows:
            words = line.split()
            key = "/".join(words[:2])
            shape = words[2:-1]  # without AGE, which always changes
            if self._lines.get(key) != shape:
                if not self._lines:
                    print(f"      {lines[0]}")
                self._lines[key] = shape
                print(f"{time.monotonic() - self.began:4.0f}s {line}", flush=True)

    def _draw(self, header, rows):
        size = shutil.get_terminal_size((120, 40))
        lines = [header] + self._fitting(rows, size.lines - 3)
        body = "\n".join(line[:size.columns - 1] for line in lines)
        sys.stdout.write(f"\x1b[2J\x1b[H{body}\n{time.monotonic() - self.began:.0f} s\n")
        sys.stdout.flush()

    def _fitting(self, rows, room):
        """At most `room` lines: where not all fit, jobs that have settled are left out first."""
        if len(rows) <= room:
            return rows
        shown = set(sorted(rows, key=self._settled)[:max(0, room - 1)])
        left = len(rows) - len(shown)
        return [row for row in rows if row in shown] + [f"... and {left} more"]

    def _settled(self, row):
        story = self.jobs.get("/".join(row.split()[:2]))
        return bool(story and story.settled)
