"""Pods started per second, from the first to the last pod create.

The Jobs are there before the operator starts: it lists them, takes the lease and then has all of
them to decide at once.  (Jobs that are unsuspended one by one would measure the writer that does
so.)  Pods run for ever, and simulated kubelets report them Running meanwhile, here and in the floor.

The floor: a bare client creates the same pods, rendered by the same code, as the same user and
through the same admission policies, with as many requests in flight.  It runs before and after the
operator on the same cluster; the floor is the mean of both.
"""

from .audit import by_operator, is_write, kinds_of, pod_creates, span
from .house import job_body
from .report import Figure

SHAPES = ((4000, 1), (200, 20), (1, 4000))
LEAST_RATIO = 0.6


def scaled(jobs, pods, scale):
    """The shape at a fraction: fewer jobs, or smaller ones where there is but one."""
    if jobs == 1:
        return 1, max(2, round(pods * scale))
    return max(2, round(jobs * scale)), pods


def floor(house, jobs, pods):
    """Pods per second of the bare client; leaves the namespace empty."""
    house.bare("jobs", job_body(pods), "admin", namespace="floor", prefix="f", count=jobs)
    epoch = house.lead()
    mark = house.audit.mark()
    house.bare("pods", namespace="floor", epoch=epoch)
    creates = pod_creates(house.audit.since(mark), "floor")
    house.wipe("floor")
    return len(creates) / span(creates)


def operator(house, jobs, pods):
    """Pods per second of the operator, and its writes while it started them."""
    house.bare("jobs", job_body(pods), "admin", namespace="bench", prefix="j", count=jobs)
    mark = house.audit.mark()
    replica = house.start()
    house.until(replica, jobs * pods, 600, "gpu_scheduler_pods_created_total")
    house.stop(replica)
    events = house.audit.since(mark)
    creates = pod_creates(events, "bench")
    first, last = min(e.begin for e in creates), max(e.end for e in creates)
    beside = [e for e in events if by_operator(e) and is_write(e) and first <= e.end <= last
              and e not in creates and e.resource != "leases"]
    house.wipe("bench")
    return len(creates) / span(creates), beside


def warm(house, scale):
    """So that the first figure does not pay for cold caches of the API server."""
    jobs, _ = scaled(400, 1, scale)
    floor(house, jobs, 1)


def run(house, report, scale):
    warm(house, scale)
    for shape in SHAPES:
        jobs, pods = scaled(*shape, scale)
        before = floor(house, jobs, pods)
        rate, beside = operator(house, jobs, pods)
        after = floor(house, jobs, pods)
        report.add(Figure(f"pods started, {jobs:,} × {pods:,}", rate, "pods/s",
                          floor=(before + after) / 2, bound=LEAST_RATIO,
                          note=f"floor {before:.0f} before, {after:.0f} after; written meanwhile: "
                               f"{kinds_of(beside)}"))
