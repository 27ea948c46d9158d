"""How long nobody starts anything when the leader goes: from the signal to the successor's first pod,
while a Job is created every 100 ms.  After kill -9 the floor is the lease, which nobody may take
before it has run out; after SIGTERM it is given back, and the floor is the probe of the fence and
one LIST, so that only the bound of 2 s is stated."""

import signal
import time

from .audit import pod_creates
from .house import BenchError, job_body
from .report import Figure, Limit

LEASE_SECONDS = 4
LEASE_FLAGS = ("--lease-duration", f"{LEASE_SECONDS}s", "--lease-renew-deadline", "3s",
               "--lease-retry-period", "500ms")
MOST_AFTER_TERM = 2.0
RUN_SECONDS = 0.2
RATE = 10


def once(house, sig, prefix):
    """Seconds without a new pod after the signal, and seconds to the first pod of the successor."""
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
    house.until(successor, "gpu_scheduler_pods_created_total", "", 1, 60)
    time.sleep(1)
    house.stop(successor)
    creates = pod_creates(house.audit.since(mark), "bench")
    later = [e for e in creates if e.user.endswith("operator-1")]
    house.wipe("bench")
    house.drop_lease()
    if not later:
        raise BenchError("the successor created no pod")
    return later[0].end - at


def run(house, report, _scale):
    term = once(house, signal.SIGTERM, "t")
    report.add(Limit("handover after SIGTERM", term, "s", bound=MOST_AFTER_TERM, better="less"))
    kill = once(house, signal.SIGKILL, "k")
    report.add(Figure("handover after kill -9", kill, "s", floor=LEASE_SECONDS, better="less",
                      note="floor: the lease"))
