"""Jobs through their whole life, and what the operator writes for each.

Jobs of one pod that runs for 0.2 s are created as fast as the API server takes them while the
operator runs; the clock runs from the first Job that comes in to the last status Succeeded.  The
floor: the bare client makes the same writes for each Job, one after the other, 64 Jobs at a time.
"""

import time

from .audit import by_operator, is_write, kind_of, span
from .house import job_body
from .report import Figure

JOBS = 4000
GANGS, GANG_PODS = 50, 20
RUN_SECONDS = 0.2
MOST_WRITES_SINGLE = 4
GANG_OVERHEAD = 5
IDLE_SECONDS = 10
SUCCEEDED = ("gpu_scheduler_jobs_total", 'phase="Succeeded"')


def is_life(event, namespace):
    """One of the writes that make up a Job's life."""
    return (is_write(event) and not event.dry and event.namespace == namespace
            and event.resource in ("jobs", "pods", "events", "jobs/status", "services")
            and event.verb in ("create", "patch"))


def floor(house, count):
    epoch = house.hold_lease()
    mark = house.audit.mark()
    house.bare("life", job_body(1, RUN_SECONDS), namespace="floor", prefix="f", count=count,
               epoch=epoch)
    events = [e for e in house.audit.since(mark) if is_life(e, "floor") and by_operator(e)]
    house.wipe("floor")
    house.drop_lease()
    return count / span(events)


def lived(house, replica, pods, prefix, count, seconds=900):
    """Creates Jobs, waits for their end; events from the first create on."""
    before = house.metric(replica, *SUCCEEDED)
    mark = house.audit.mark()
    house.bare("jobs", job_body(pods, RUN_SECONDS), "admin", namespace="bench", prefix=prefix,
               count=count)
    house.until(replica, *SUCCEEDED, before + count, seconds)
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


def writes_rows(title, counts, jobs):
    rows = [(f"{title}, by kind of write", "ALL", "PER JOB")]
    rows += [(kind, str(n), f"{n / jobs:.3f}") for kind, n in sorted(counts.items())]
    return rows


def per_job(counts, jobs):
    return sum(n for kind, n in counts.items() if not kind.startswith("dry run")) / jobs


def dry_runs(counts):
    return sum(n for kind, n in counts.items() if kind.startswith("dry run"))


def idle(house, seconds):
    time.sleep(3)  # the last columns settle
    mark = house.audit.mark()
    time.sleep(seconds)
    return [e for e in house.audit.since(mark)
            if by_operator(e) and is_write(e) and e.resource != "leases"]


def run(house, report, scale):
    count = max(10, round(JOBS * scale))
    gangs = max(2, round(GANGS * scale))
    before = floor(house, count)
    replica = house.start()
    singles = lived(house, replica, 1, "s", count)
    figure = Figure(f"jobs through their life, {count:,} × 1", rate(singles, count), "jobs/s")
    gang_events = lived(house, replica, GANG_PODS, "g", gangs)
    left = idle(house, max(3, IDLE_SECONDS * min(1, scale * 4)))
    house.stop(replica)
    house.wipe("bench")
    house.drop_lease()
    after = floor(house, count)
    figure.floor = (before + after) / 2
    figure.ratio = figure.value / figure.floor
    figure.note = f"floor {before:.0f} before, {after:.0f} after"
    single, gang = by_kind(singles), by_kind(gang_events)
    report.add(
        figure,
        Figure("writes per single", per_job(single, count), "", bound=MOST_WRITES_SINGLE,
               better="less", note=f"{dry_runs(single)} dry runs in all"),
        Figure(f"writes per gang of {GANG_PODS}", per_job(gang, gangs), "",
               bound=GANG_PODS + GANG_OVERHEAD, better="less",
               note=f"{dry_runs(gang)} dry runs in all"),
        Figure("writes while idle", len(left), "", bound=0, better="less",
               note=", ".join(sorted({kind_of(e) + " " + e.name for e in left}))))
    report.table("singles", writes_rows(f"{count:,} singles", single, count))
    report.table("gangs", writes_rows(f"{gangs} gangs of {GANG_PODS}", gang, gangs))
    return figure.value
