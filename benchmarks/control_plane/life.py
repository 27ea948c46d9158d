"""Jobs through their whole life, and what the operator writes for each.

Jobs of one pod that runs for 0.2 s are created as fast as the API server takes them while the
operator runs; the clock runs from the first Job that comes in to the last status Succeeded.  The
floor: the bare client makes the same writes for each Job, one after the other, 64 Jobs at a time.
"""

import statistics
import time

from .audit import by_operator, is_write, kind_of, kinds_of, span
from .house import job_body
from .report import Figure

JOBS = 4000
GANGS, GANG_PODS = 50, 20
AT_ONCE = 2  # gangs: so few that the simulated kubelets make their pods ready together
RUN_SECONDS = 0.2
MOST_WRITES_SINGLE = 4
GANG_OVERHEAD = 5
IDLE_SECONDS = 10
ENDED = "gpu_scheduler_jobs_total"


def is_life(event, namespace):
    """One of the writes that make up a Job's life."""
    return (is_write(event) and not event.dry and event.namespace == namespace
            and event.resource in ("jobs", "pods", "events", "jobs/status", "services")
            and event.verb in ("create", "patch"))


def floor(house, count):
    epoch = house.lead()
    mark = house.audit.mark()
    house.bare("life", job_body(1, RUN_SECONDS), namespace="floor", prefix="f", count=count,
               epoch=epoch)
    events = [e for e in house.audit.since(mark) if is_life(e, "floor") and by_operator(e)]
    house.wipe("floor")
    return count / span(events)


def lived(house, replica, pods, prefix, count, seconds=900):
    """Creates Jobs, waits for their end; events from the first create on."""
    before = house.metrics(replica).sum(ENDED, phase="Succeeded")
    mark = house.audit.mark()
    house.bare("jobs", job_body(pods, RUN_SECONDS), "admin", namespace="bench", prefix=prefix,
               count=count)
    house.until(replica, before + count, seconds, ENDED, phase="Succeeded")
    time.sleep(1.5)  # what is written late counts too
    return house.audit.since(mark)


def rate(events, count):
    begin = min(e.begin for e in events if e.resource == "jobs" and e.verb == "create")
    end = max(e.end for e in events if e.resource == "jobs/status" and by_operator(e))
    return count / (end - begin)


def by_kind(events):
    """{kind: count} of the operator's writes, leases apart."""
    counts = {}
    for event in events:
        if by_operator(event) and is_write(event) and event.resource != "leases":
            counts[kind_of(event)] = counts.get(kind_of(event), 0) + 1
    return counts


def job_of(event):
    """The Job that a write is about; None: it is about none."""
    if event.resource == "pods":
        return event.name.rsplit("-", 3)[0]
    if event.resource == "events":
        return event.name.split(".")[0]
    return event.name if event.resource in ("jobs", "jobs/status", "services") else None


def by_job(events):
    """{Job: writes of the operator about it}, and how many were statuses of Tenants, which go by
    time and not by Job.  Dry runs apart (dry_runs); there is nothing else."""
    counts, tenants = {}, 0
    for event in events:
        if not by_operator(event) or not is_write(event) or event.dry or event.resource == "leases":
            continue
        job = job_of(event)
        if job:
            counts[job] = counts.get(job, 0) + 1
        elif event.resource == "tenants/status":
            tenants += 1
        else:
            raise AssertionError(f"a write about no job: {kind_of(event)} {event.name}")
    return counts, tenants


def dry_runs(events):
    """Of pods.  They go by template, of which there is one, and not by Job."""
    return sum(e.dry and by_operator(e) and e.resource == "pods" for e in events)


def writes_figures(name, events, jobs, bound, judge, batches=1):
    """What `judge` makes of the Jobs' counts against the bound, the mean with all that was written,
    and the dry runs: one a batch, because a template of which no job is left is forgotten."""
    by_name, tenants = by_job(events)
    counts = sorted(by_name.values())
    if len(counts) != jobs:
        raise AssertionError(f"writes about {len(counts)} jobs, not {jobs}")
    more = sum(count > bound for count in counts)
    spread = (f"median {counts[jobs // 2]}, mean {sum(counts) / jobs:.2f}, most {counts[-1]}; "
              f"{more} of {jobs} have more than {bound}")
    return (Figure(name, judge(counts), "", bound=bound, better="less", note=spread),
            Figure(f"{name}, Tenant statuses included", (sum(counts) + tenants) / jobs, "",
                   better="less", note=f"mean; {tenants} statuses of Tenants"),
            Figure(f"dry runs for {jobs:,} jobs of one template", dry_runs(events), "",
                   bound=batches, better="less",
                   note=f"in {batches} batches" if batches > 1 else ""))


def writes_rows(title, counts, jobs):
    rows = [(f"{title}, by kind of write", "ALL", "PER JOB")]
    rows += [(kind, str(n), f"{n / jobs:.3f}") for kind, n in sorted(counts.items())]
    return rows


def run(house, report, scale):
    count = max(10, round(JOBS * scale))
    gangs = max(2, round(GANGS * scale))
    before = floor(house, count)
    replica = house.start()
    singles = lived(house, replica, 1, "s", count)
    figure = Figure(f"jobs through their life, {count:,} × 1", rate(singles, count), "jobs/s")
    gang_events = []
    batches = range(0, gangs, AT_ONCE)
    for first in batches:
        few = min(AT_ONCE, gangs - first)
        gang_events += lived(house, replica, GANG_PODS, f"g{first}x", few)
    time.sleep(3)  # the last columns settle
    left = house.writes_during(max(3, IDLE_SECONDS * min(1, scale * 4)))
    house.stop(replica)
    house.wipe("bench")
    after = floor(house, count)
    figure.floor = (before + after) / 2
    figure.note = f"floor {before:.0f} before, {after:.0f} after"
    report.add(
        figure,
        *writes_figures("most writes of a single", singles, count, MOST_WRITES_SINGLE, max),
        # Half of the gangs at least become ready together; one that does not has a status more.
        *writes_figures(f"writes of a gang of {GANG_PODS}", gang_events, gangs,
                        GANG_PODS + GANG_OVERHEAD, statistics.median_high, len(batches)),
        Figure("writes while idle, all jobs ended", len(left), "", bound=0, better="less",
               note=kinds_of(left)))
    report.table("singles", writes_rows(f"{count:,} singles", by_kind(singles), count))
    report.table("gangs", writes_rows(f"{gangs} gangs of {GANG_PODS}", by_kind(gang_events), gangs))
    return figure.value
