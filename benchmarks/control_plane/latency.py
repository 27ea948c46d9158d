"""From a Job's create to its pod's create, both as the API server answered them.

Idle: one Job every quarter of a second, its template known: each has gone through its whole life
before the next one comes, on a slow machine too.  Half load: Jobs at half the rate at which they
get through their whole life.  The floor: the bare client creates Job and pod one after the other
at the same pace, and decides nothing.
"""

from .audit import pod_creates
from .house import job_body
from .report import Figure, Limit, percentile

RUN_SECONDS = 0.2
IDLE_JOBS, IDLE_RATE = 100, 4
HALF_SECONDS = 20
MOST_P99_MS = 100


def delays(events, namespace, prefix):
    """Milliseconds between the answers, by job."""
    jobs = {e.name: e.end for e in events if e.resource == "jobs" and e.verb == "create"
            and e.code == 201 and e.namespace == namespace}
    found = []
    for event in pod_creates(events, namespace):
        job = event.name.rsplit("-", 3)[0]
        if job in jobs and job.startswith(prefix):
            found.append((event.end - jobs[job]) * 1000)
    return found


def floor(house, count, rate):
    epoch = house.lead()
    mark = house.audit.mark()
    house.bare("life", job_body(1, RUN_SECONDS), namespace="floor", prefix="f", count=count,
               epoch=epoch, rate=rate)
    found = delays(house.audit.since(mark), "floor", "f")
    house.wipe("floor")
    return found


def operator(house, replica, prefix, count, rate):
    mark = house.audit.mark()
    done = house.metrics(replica).sum("gpu_scheduler_pods_created_total")
    house.bare("jobs", job_body(1, RUN_SECONDS), "admin", namespace="bench", prefix=prefix,
               count=count, rate=rate)
    house.until(replica, done + count, 120, "gpu_scheduler_pods_created_total")
    found = delays(house.audit.since(mark), "bench", prefix)
    if len(found) < count:
        raise AssertionError(f"{len(found)} of {count} jobs have a pod")
    return found


def figures(name, found, bare, bound=None):
    note = f"{len(found)} jobs"
    for percent in (50, 99):
        kind = Limit if bound and percent == 99 else Figure
        yield kind(f"job create → pod create, {name}, p{percent}", percentile(found, percent), "ms",
                   floor=percentile(bare, percent), better="less",
                   bound=bound if percent == 99 else None, note=note)


def run(house, report, scale, jobs_per_second):
    idle = max(20, round(IDLE_JOBS * scale))
    half = max(1.0, jobs_per_second / 2)
    many = max(20, round(half * HALF_SECONDS * min(1, scale * 4)))
    bare_idle = floor(house, idle, IDLE_RATE)
    bare_half = floor(house, many, half)
    replica = house.start()
    cold = operator(house, replica, "c", 1, 1)
    idle_found = operator(house, replica, "i", idle, IDLE_RATE)
    half_found = operator(house, replica, "h", many, half)
    house.stop(replica)
    house.wipe("bench")
    report.add(Figure("job create → pod create, first of a template", cold[0], "ms",
                      floor=percentile(bare_idle, 50), better="less", note="one dry run first"))
    report.add(*figures("idle", idle_found, bare_idle, MOST_P99_MS))
    report.add(*figures(f"half load ({half:.0f} jobs/s)", half_found, bare_half))
