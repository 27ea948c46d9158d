"""The operator at size: 1,000 nodes, 10,000 pods, 20,000 jobs of which half wait.

Pods of 3 CPU fill 30 of the 32 of every node, so that the other jobs wait.  Then ten jobs a second
are created for a while, each of which makes the core look at the whole queue: the duration of those
cycles is the operator's own metric.  It has no floor: a client that decides nothing has no cycles.
Then nothing happens for a while, and nothing may be written.

The floor of the memory: the bare client after the same LISTs, which keeps the same objects, decoded
by the same code, and derives nothing from them.
"""

import math
import pathlib

from .audit import kinds_of
from .house import BenchError, House, job_body, wait_for
from .report import Figure, Limit

NODES, PODS, JOBS = 1000, 10_000, 20_000
PODS_PER_NODE = 10
MOST_MIB = 200
CHURN_RATE, CHURN_SECONDS = 10, 20
QUIET_SECONDS = 12  # longer than it takes until the text of a waiting job is written anew
IDLE_SECONDS = 30
CYCLE = "gpu_scheduler_cycle_duration_seconds_bucket"


def resident_mib(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(field)


def buckets(house, replica):
    """{upper bound: cumulative count}."""
    return {float(labels["le"]): value
            for name, labels, value in house.metrics(replica).series if name == CYCLE}


def new_counts(before, after):
    """[(upper bound in ms, cumulative count)] of what was observed between the two, in order."""
    counts = [(bound * 1000, after[bound] - before.get(bound, 0)) for bound in sorted(after)]
    if not counts or not counts[-1][1]:
        raise BenchError("no cycle was counted")
    return counts


def quantile(counts, percent):
    """Upper bound of the bucket in which the value lies; inf: it is above the last one."""
    total = counts[-1][1]
    return next(bound for bound, count in counts if count * 100 >= percent * total)


def cycle_figures(name, counts):
    last = max((bound for bound, _ in counts if math.isfinite(bound)), default=0)
    note = f"bucket bound; {counts[-1][1]:.0f} cycles"
    return [Figure(f"{name}, p{percent}", quantile(counts, percent), "ms", better="less", note=note,
                   above=last) for percent in (50, 99)]


def explained(house, replica):
    """Jobs that wait and have been looked at: their reason is another than PendingEvaluation."""
    house.require(replica)
    waiting = house.metrics(replica).by("gpu_scheduler_pending_jobs", "reason")
    return sum(value for reason, value in waiting.items() if reason != "PendingEvaluation")


def memory_figures(house, size, resident, peak):
    """The operator has stopped; what it had is `resident`, in MiB."""
    listed = house.bare("list")
    return (Limit(f"memory, {size}", resident, "MiB", floor=listed["residentMiB"], bound=MOST_MIB,
                  better="less", note=f"peak {peak:.0f} MiB; the bound is for the MiB"),
            Figure(f"one LIST by the bare client, {size}", listed["seconds"], "s", better="less",
                   note=f"{listed['objects']:,} objects of all kinds"))


def idle_figure(house, size, seconds):
    wait_for("end of writing", lambda: not house.writes_during(QUIET_SECONDS), 600)
    left = house.writes_during(seconds)
    return Figure(f"writes while idle, {size}", len(left), "", bound=0, better="less",
                  note=f"{seconds:.0f} s; {kinds_of(left)}")


def run(report, scale):
    nodes = max(4, round(NODES * scale))
    pods, jobs = nodes * PODS_PER_NODE, nodes * PODS_PER_NODE * JOBS // PODS
    more = max(10, round(CHURN_RATE * CHURN_SECONDS * min(1, scale * 4)))
    size = f"{nodes:,} nodes, {pods:,} pods, {jobs:,} jobs"
    house = House(nodes)
    try:
        house.bare("jobs", job_body(cpu="3"), "admin", namespace="bench", prefix="j", count=jobs)
        replica = house.start()
        house.until(replica, pods, 1200, "gpu_scheduler_pods_created_total")
        house.until(replica, pods, 600, "gpu_scheduler_jobs_total", phase="Running")
        wait_for(f"{jobs - pods} jobs that know why they wait",
                 lambda: explained(house, replica) >= jobs - pods, 1200, 0.5)
        before = buckets(house, replica)
        house.bare("jobs", job_body(cpu="3"), "admin", namespace="bench", prefix="k",
                   count=more, rate=CHURN_RATE)
        after = buckets(house, replica)
        memory = [resident_mib(replica.pid, field) for field in ("VmRSS", "VmHWM")]
        report.add(*cycle_figures(f"cycle, {nodes:,} nodes, {jobs - pods:,} waiting",
                                  new_counts(before, after)))
        report.add(idle_figure(house, size, max(3, IDLE_SECONDS * min(1, scale * 4))))
        house.stop(replica)
        report.add(*memory_figures(house, size, *memory))
    finally:
        house.close()
