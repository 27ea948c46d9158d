"""How long nobody starts anything when the leader goes: from the signal to the successor's first pod,
while a Job is created every 100 ms.

The floor is what a successor cannot do without: one LIST, measured with the bare client on what is
there in the end, and after kill -9 the lease, which nobody may take before it has run out.  (After
SIGTERM it is given back.)  The probe of the fence comes on top of both.
"""

import signal
import time

from .audit import pod_creates
from .house import BenchError, job_body
from .report import Figure, Limit

LEASE_SECONDS = 4
LEASE_FLAGS = ("--lease-duration", f"{LEASE_SECONDS}s", "--lease-renew-deadline", "3s",
               "--lease-retry-period", "500ms")
MOST_AFTER_TERM = 2.0
# A standby sees a renewal up to a retry period late, and tries up to another one late.
MOST_AFTER_KILL = 1.5
RUN_SECONDS = 0.2
RATE = 10


def once(house, sig, prefix):
    """Seconds from the signal to the first pod of the successor, and those that a LIST takes."""
    leader = house.start(0, flags=LEASE_FLAGS)
    successor = house.start(1, lead=False, flags=LEASE_FLAGS)
    time.sleep(2)  # its caches fill
    mark = house.audit.mark()
    stream = house.bare_start("jobs", job_body(1, RUN_SECONDS), "admin", namespace="bench",
                              prefix=prefix, count=12 * RATE, rate=RATE)
    time.sleep(2)
    at = time.time()
    house.stop(leader, sig)
    stream.wait()
    house.wait_leader(successor)
    house.until(successor, 1, 60, "gpu_scheduler_pods_created_total")
    time.sleep(1)
    house.stop(successor)
    creates = pod_creates(house.audit.since(mark), "bench")
    later = [e for e in creates if e.user.endswith("operator-1")]
    listed = house.bare("list")
    house.wipe("bench")
    if not later:
        raise BenchError("the successor created no pod")
    return later[0].end - at, listed["seconds"]


def run(house, report, _scale):
    term, listed = once(house, signal.SIGTERM, "t")
    report.add(Limit("handover after SIGTERM", term, "s", floor=listed, bound=MOST_AFTER_TERM,
                     better="less", note="floor: one LIST; the bound is for the seconds"))
    kill, listed = once(house, signal.SIGKILL, "k")
    report.add(Figure("handover after kill -9", kill, "s", floor=LEASE_SECONDS + listed,
                      bound=MOST_AFTER_KILL, better="less",
                      note=f"floor: a lease of {LEASE_SECONDS} s and one LIST"))
