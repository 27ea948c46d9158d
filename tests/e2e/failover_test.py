#!/usr/bin/env python3
"""Replicas that are killed, frozen and stopped lose and double nothing.

The gate runs a slice with fixed seeds; MUSTER_CAMPAIGN=1 runs every kind of write (failover_writes.py) at
every moment, and 30 random kills.
"""

import os
import random
import signal
import time
import unittest

import harness
import story
from failover_loads import Jobs
from failover_writes import MARK, WRITES
from fault_proxy import MOMENTS, Trap
from judge import (judge_bindings, judge_creates, judge_gangs, judge_groups, judge_leaders,
                   judge_pods, judge_tasks)
from proxied import ProxiedHouse

CAMPAIGN = os.environ.get("MUSTER_CAMPAIGN") == "1"
SEED = 20260101
SLICE = [("pod-create", "after"), ("commit", "after"), ("pod-create", "answered"),
         ("commit", "answered"),
         ("terminal", "after"), ("release", "after"), ("pod-delete", "before"),
         ("binding", "after"), ("task-job", "after"), ("network-policy", "before"),
         ("service", "after"), ("growth", "after"), ("requeue", "after"), ("cleared", "after")]

# Short, because a takeover is what is tested.
LEASE = ("--lease-duration", "4s", "--lease-renew-deadline", "3s", "--lease-retry-period", "500ms")

HOUSE = SCENE = None


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
    global HOUSE, SCENE
    HOUSE = story.HOUSE = MortalHouse(nodes=8, replicas=2, flags=LEASE)
    SCENE = story.Scene("failover", {})


def tearDownModule():
    if HOUSE:
        HOUSE.close(ok=False)


class Failover(unittest.TestCase):
    def setUp(self):
        self.jobs = Jobs(SCENE, "")

    def finish(self, *loads, timeout=90):
        """All ends as it must, and neither the watch nor the audit log shows a wrong."""
        loads = (self.jobs, *loads)

        def missing():
            return [what for load in loads for what in load.missing()]
        HOUSE.mirror.wait(lambda: "end of " + ", ".join(missing()[:5]), lambda: not missing(),
                          timeout)
        pods, writes = HOUSE.mirror.changes("Pod"), HOUSE.writes()
        for wrong in (judge_pods(pods), judge_groups(pods), judge_creates(writes),
                      judge_gangs(writes), judge_bindings(writes), judge_tasks(writes)):
            self.assertEqual(wrong, [])
        for load in loads:
            load.clear()

    def kill_at(self, kind, moment):
        HOUSE.leader()
        load = WRITES[kind].load(SCENE, f"{kind}-{moment}")
        self.kill_writer(WRITES[kind], moment, load.begin, load.name)
        # Judged when the next leader has looked at everything: it starts this.
        self.jobs.submit(f"{load.name}-next")
        load.go_on()
        self.finish(load)

    def kill_writer(self, write, moment, begin, name=""):
        """Whoever makes this write after begin() is killed, and started again."""
        killed = []

        def kill(proxy):
            killed.append(HOUSE.replica_behind(proxy))
            killed[0].process.kill()
        path, body = (text.replace("NAME", name) for text in (write.path, write.body))
        trap = Trap(write.method, path, moment, kill, write.nth, body)
        HOUSE.set_trap(trap)
        begin()
        self.assertTrue(trap.sprung.wait(30), f"nobody sent {write}")
        HOUSE.set_trap(None)
        HOUSE.revive(killed[0])

    def burst(self, prefix, count, rng):
        for i in range(count):
            gang = rng.random() < 0.4
            self.jobs.submit(f"{prefix}-{i}", replicas=rng.choice((2, 3, 4)) if gang else 1,
                             gpu=rng.choice((0, 1, 2)), seconds=rng.choice((0, 1, 2)))

    def test_a_standby_writes_nothing(self):
        leader, before = HOUSE.leader(), len(HOUSE.writes())
        self.jobs.submit("standby-one")
        self.jobs.submit("standby-gang", replicas=3)
        self.finish()
        written = HOUSE.writes()[before:]
        self.assertTrue(any(write.resource == "pods" for write in written))
        self.assertEqual(judge_leaders(written, "system:muster:" + leader.name), [])

    def test_killed_at_each_kind_of_write(self):
        cases = [(kind, moment) for kind in WRITES for moment in MOMENTS] if CAMPAIGN else SLICE
        for kind, moment in cases:
            with self.subTest(write=kind, moment=moment):
                self.kill_at(kind, moment)

    def test_killed_as_it_tells_the_api_servers_that_it_leads(self):
        for moment in MOMENTS:
            with self.subTest(moment=moment):
                leader = HOUSE.leader()
                self.burst(f"mark-{moment}", 10, random.Random(SEED))
                self.kill_writer(MARK, moment, leader.process.kill)
                HOUSE.revive(leader)
                self.jobs.submit(f"mark-{moment}-next")
                self.finish()

    def test_killed_at_random_moments_of_a_burst(self):
        rng = random.Random(SEED)
        kills, count = (30, 300) if CAMPAIGN else (3, 60)
        print(f"seed {SEED}, {kills} kills, {count} jobs", flush=True)
        for kill in range(kills):
            leader = HOUSE.leader()
            early = rng.randrange(count // kills)
            self.burst(f"burst-{kill}", early, rng)
            self.jobs.submit(f"burst-{kill}-long", seconds=2)
            time.sleep(rng.uniform(0.0, 2.0))  # the moment is the point of the test
            self.assertTrue(self.jobs.missing(), "nothing was under way")
            standby = next(r for r in HOUSE.replicas if r is not leader)
            victim = leader if kill % 3 else standby
            victim.process.kill()
            self.burst(f"burst-{kill}-late", count // kills - early - 1, rng)
            HOUSE.revive(victim)
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
        self.jobs.submit("after-handover")
        HOUSE.mirror.wait(lambda: "the other one leads",
                          lambda: HOUSE.holder() not in ("", leader.name), 10)
        print(f"lease handed over after {time.monotonic() - began:.2f} s", flush=True)
        SCENE.until("the successor's first pod", lambda: SCENE.pods("after-handover"), 10)
        self.assertLess(time.monotonic() - began, 4.0, "its first write waited for the lease's end")
        HOUSE.revive(leader)
        self.finish()


if __name__ == "__main__":
    unittest.main()
