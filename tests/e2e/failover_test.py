#!/usr/bin/env python3
"""Replicas that are killed, frozen and stopped lose and double nothing.

The gate runs a slice with fixed seeds; MUSTER_CAMPAIGN=1 runs every kind of write at every moment and
30 random kills.
"""

import os
import random
import signal
import time
import unittest

import harness
from fault_proxy import MOMENTS, Trap
from judge import judge_creates, judge_gangs, judge_jobs, judge_leaders, judge_pods
from kube_client import path_of
from proxied import ProxiedHouse
from story import job_body, template

CAMPAIGN = os.environ.get("MUSTER_CAMPAIGN") == "1"
SEED = 20260101
SPACE = "failover"
JOBS = r"^/apis/scheduler\.io/v1/namespaces/[^/]+/jobs/"
# Kind of write -> method, path, a word of the body.
WRITES = {
    "pod-create": ("POST", r"/pods(\?|$)", ""),
    "commit": ("PATCH", JOBS + r"[^/]+/status", '"Committed"'),
    "running": ("PATCH", JOBS + r"[^/]+/status", '"Running"'),
    "terminal": ("PATCH", JOBS + r"[^/]+/status", '"Succeeded"'),
    "release": ("PATCH", JOBS + r"[^/]+/status", '"Releasing"'),
    "pod-delete": ("DELETE", r"/pods/", ""),
    "service": ("POST", r"/services(\?|$)", ""),
    "event": ("POST", r"/events(\?|$)", ""),
    "lease": ("PATCH", r"/leases/", ""),
}
SLICE = [("pod-create", "after"), ("commit", "before"), ("commit", "after"),
         ("commit", "answered"), ("terminal", "after"), ("release", "after"),
         ("pod-delete", "before")]

# Short, because a takeover is what is tested.
LEASE = ("--lease-duration", "4s", "--lease-renew-deadline", "3s", "--lease-retry-period", "500ms")

HOUSE = None


class MortalHouse(ProxiedHouse):
    """Replicas are ended at exact writes, and started again."""

    def __init__(self, **options):
        self.buried = set()  # holder identities of processes that we ended
        super().__init__(**options)

    def holder_identity(self):
        """As harness, but nobody while the Lease names a dead process: a revived replica has the
        same name, and need not become the leader."""
        identity = super().holder_identity()
        return "" if identity in self.buried else identity

    def require_alive(self):
        """On a busy machine so short a lease may be lost without our doing; then a replica ends by
        itself, and is started again as a Deployment would.  Nothing else may end one."""
        for replica in list(self.replicas):
            if replica.process.poll() == 1:
                print(f"{replica.name} lost its lease by itself", flush=True)
                self.revive(replica)
            elif not replica.alive() and not replica.ended:
                raise AssertionError(f"{replica.name} ended with {replica.process.returncode}")

    def leader(self):
        name = self.wait_leader_name()
        return next(r for r in self.replicas if r.name == name and r.alive())

    def set_trap(self, trap):
        for proxy in self.proxies.values():
            proxy.trap = trap

    def replica_behind(self, proxy):
        name = next(name for name, known in self.proxies.items() if known is proxy)
        return next(r for r in self.replicas if r.name == name)

    def wait_leader_name(self):
        alive = {r.name for r in self.replicas if r.alive()}
        return self.mirror.wait(lambda: "leader among the living",
                                lambda: self.holder() if self.holder() in alive else "", 30)

    def revive(self, dead):
        """Starts a replica of the same name anew."""
        dead.process.wait()
        identity = harness.House.holder_identity(self)
        if harness.name_of(identity) == dead.name:
            self.buried.add(identity)
        self.replicas.remove(dead)
        fresh = harness.Replica(self, int(dead.name.rpartition("-")[2]), LEASE)
        self.replicas.append(fresh)
        return fresh


def setUpModule():
    global HOUSE
    HOUSE = MortalHouse(nodes=8, replicas=2, flags=LEASE)
    HOUSE.kube.make("Namespace", {"apiVersion": "v1", "kind": "Namespace",
                                  "metadata": {"name": SPACE}})
    HOUSE.kube.apply(path_of("ServiceAccount", SPACE, "default"), {
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
    HOUSE.kube.make("Tenant", {"apiVersion": "scheduler.io/v1", "kind": "Tenant",
                               "metadata": {"name": SPACE}, "spec": {}})


def tearDownModule():
    if HOUSE:
        HOUSE.close(ok=False)


def submit(name, replicas, gpu, seconds):
    task = {"name": "main", "replicas": replicas,
            "template": template("100m", gpu, {"run-seconds": seconds})}
    HOUSE.kube.make("Job", job_body(name, SPACE, {"tasks": [task]}))


class Failover(unittest.TestCase):
    def setUp(self):
        self.seen = len(HOUSE.mirror.changes("Pod", SPACE))
        self.names = []

    def submit(self, name, replicas=1, gpu=1, seconds=1):
        self.names.append(name)
        submit(name, replicas, gpu, seconds)

    def jobs(self):
        return [HOUSE.mirror.get("Job", SPACE, name) or {"metadata": {
            "namespace": SPACE, "name": name}} for name in self.names]

    def finish(self, timeout=90):
        """All jobs end well, and neither the watch nor the audit log shows a wrong."""
        HOUSE.mirror.wait(
            lambda: "end of " + ", ".join(judge_jobs(self.jobs())[:5]),
            lambda: not judge_jobs(self.jobs()), timeout)
        self.assertEqual(judge_pods(HOUSE.mirror.changes("Pod")), [])
        self.assertEqual(judge_creates(HOUSE.writes()), [])
        self.assertEqual(judge_gangs(HOUSE.writes()), [])

    def kill_at(self, kind, moment):
        HOUSE.leader()
        method, path, word = WRITES[kind]
        killed = []

        def kill(proxy):
            killed.append(HOUSE.replica_behind(proxy))
            killed[0].process.kill()
        trap = Trap(method, path, moment, kill, body=word)
        HOUSE.set_trap(trap)
        self.submit(f"{kind}-{moment}-one")
        self.submit(f"{kind}-{moment}-gang", replicas=3, gpu=4,
                    seconds=600 if kind in ("release", "pod-delete") else 1)
        if kind in ("release", "pod-delete"):
            self.suspend_once_running(f"{kind}-{moment}-gang")
        self.assertTrue(trap.sprung.wait(30), f"no {kind} write was sent")
        HOUSE.set_trap(None)
        HOUSE.revive(killed[0])
        if kind in ("release", "pod-delete"):
            self.resume_short(f"{kind}-{moment}-gang")
        self.finish()

    def patch(self, name, spec):
        HOUSE.kube.patch(path_of("Job", SPACE, name), {"spec": spec})

    def phase(self, name):
        job = HOUSE.mirror.get("Job", SPACE, name) or {}
        return job.get("status", {}).get("phase")

    def suspend_once_running(self, name):
        HOUSE.mirror.wait(lambda: f"{name} running", lambda: self.phase(name) == "Running", 30)
        self.patch(name, {"suspend": True})

    def resume_short(self, name):
        """Nothing of the released attempt may live on; then the job runs to its end."""
        HOUSE.mirror.wait(lambda: f"{name} suspended", lambda: self.phase(name) == "Suspended", 60)
        living = [p for p in HOUSE.mirror.all("Pod", SPACE)
                  if p["metadata"]["labels"]["scheduler.io/job"] == name
                  and p["status"].get("phase") not in ("Succeeded", "Failed")]
        self.assertEqual(living, [])
        task = {"name": "main", "replicas": 3, "template": template("100m", 4, {"run-seconds": 1})}
        self.patch(name, {"tasks": [task]})
        self.patch(name, {"suspend": False})

    def burst(self, prefix, count, rng):
        for i in range(count):
            gang = rng.random() < 0.4
            self.submit(f"{prefix}-{i}", replicas=rng.choice((2, 3, 4)) if gang else 1,
                        gpu=rng.choice((0, 1, 2)), seconds=rng.choice((0, 1, 2)))

    def test_a_standby_writes_nothing(self):
        leader, before = HOUSE.leader(), len(HOUSE.writes())
        self.submit("standby-one")
        self.submit("standby-gang", replicas=3)
        self.finish()
        written = HOUSE.writes()[before:]
        self.assertTrue(any(write.resource == "pods" for write in written))
        self.assertEqual(judge_leaders(written, "system:muster:" + leader.name), [])

    def test_killed_at_each_kind_of_write(self):
        cases = [(kind, moment) for kind in WRITES for moment in MOMENTS] if CAMPAIGN else SLICE
        for kind, moment in cases:
            with self.subTest(write=kind, moment=moment):
                self.names = []
                self.kill_at(kind, moment)

    def test_killed_at_random_moments_of_a_burst(self):
        rng = random.Random(SEED)
        kills, count = (30, 300) if CAMPAIGN else (2, 60)
        print(f"seed {SEED}, {kills} kills, {count} jobs", flush=True)
        self.burst("burst", count, rng)
        for _ in range(kills):
            leader = HOUSE.leader()
            time.sleep(rng.uniform(0.1, 2.0))  # the moment is the point of the test
            leader.process.kill()
            HOUSE.revive(leader)
        self.finish(timeout=300)

    def test_frozen_past_its_lease_and_woken(self):
        rng = random.Random(SEED + 1)
        self.burst("frozen", 30, rng)
        leader = HOUSE.leader()
        leader.process.send_signal(signal.SIGSTOP)
        try:
            self.burst("frozen-late", 10, rng)
            HOUSE.mirror.wait(lambda: "another leader",
                              lambda: HOUSE.holder() not in ("", leader.name), 30)
        finally:
            leader.process.send_signal(signal.SIGCONT)
        self.assertNotEqual(leader.process.wait(20), 0)  # it notices, and ends
        HOUSE.revive(leader)
        self.finish(timeout=180)

    def test_handed_over_when_asked_to_stop(self):
        leader = HOUSE.leader()
        began = time.monotonic()
        self.assertEqual(leader.stop(signal.SIGTERM), 0)
        HOUSE.mirror.wait(lambda: "the other one leads",
                          lambda: HOUSE.holder() not in ("", leader.name), 10)
        taken = time.monotonic() - began
        HOUSE.revive(leader)
        self.submit("after-handover")
        self.finish()
        print(f"lease handed over after {taken:.2f} s", flush=True)
        self.assertLess(taken, 4.0, "not sooner than the lease would have run out")


if __name__ == "__main__":
    unittest.main()
