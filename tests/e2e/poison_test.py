#!/usr/bin/env python3
"""What bad things get: poison objects, and an API server that goes away, stops, forgets, has too much
to do, or cannot write.

MUSTER_CAMPAIGN=1 lets the trouble last a minute.
"""

import os
import time
import unittest

import audit_log
import harness
import story
from poison_nodes import Nodes
from poison_objects import (Admission, PoisonStory, Quantities, Templates, Tenants, make_healthy)
from proxied import ProxiedHouse
from scrape import scrape

LIMIT_SECONDS = 480
CAMPAIGN = os.environ.get("MUSTER_CAMPAIGN") == "1"
BUSY_SECONDS = 60 if CAMPAIGN else 15
# A busy machine takes half a minute to start an API server; neither lease nor node is lost here.
LEASE = ("--lease-duration", "120s", "--lease-renew-deadline", "110s", "--lease-retry-period", "1s")
STORIES = (Admission, Nodes, Quantities, Templates, Tenants)


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, begin=make_healthy, kind=ProxiedHouse, nodes=6,
                              flags=LEASE, up_options=("--node-grace", 60))


class ApiServer(PoisonStory):
    """One after another, when the others are done; a burst is under way each time."""

    alone = True
    JOBS = 9

    def setUp(self):
        super().setUp()
        self.replica = self.house.replicas[0]
        self.told = self.replica.log.stat().st_size

    def burst(self, prefix="j"):
        for i in range(self.JOBS):
            self.scene.job(f"{prefix}{i}", replicas=1 + i % 3, sim={"run-seconds": 1})

    def all_succeed(self, prefix="j"):
        """Each in its first attempt, each pod created once."""
        for i in range(self.JOBS):
            name = f"{prefix}{i}"
            status = self.scene.wait(name, phase="Succeeded")
            self.assertEqual((status["attempt"], status["failures"]), (1, 0))
            created = {c.body["metadata"]["uid"] for c in self.scene.pod_changes(name)}
            self.assertEqual(len(created), 1 + i % 3)

    def server(self, *command):
        """Does something to it and waits until it answers again."""
        self.house.tool(*command)
        self.scene.until("the API server is back", self.scene.kube.ready)
        harness.wait_admitted(self.scene.kube)

    def lists(self):
        """LIST requests of the operator so far, by the audit log."""
        with open(self.house.dir / "audit" / "audit.log", "rb") as log:
            return sum(event["verb"] == "list" and "system:muster:operator" in event["user"]["username"]
                       for _, events in audit_log.read(log) for event in events)

    def refusals(self):
        """Answers with 429 so far, by its own word."""
        return scrape(self.replica).sum("rest_client_requests_total", code="429")

    def logged(self, *sentences):
        """Since this test began."""
        text = self.replica.log.read_bytes()[self.told:].decode(errors="replace")
        for words in sentences:
            self.assertIn(words, text)

    def test_it_is_killed(self):
        self.burst()
        self.server("restart-apiserver", "--kill")
        self.all_succeed()
        self.logged('cannot list or watch path="/api/v1/pods"',
                    'lists and watches again path="/api/v1/pods"')
        self.still_works()

    def test_it_stands_still(self):
        self.burst()
        self.house.tool("pause-apiserver")
        time.sleep(6)  # longer than a request may take, shorter than the lease
        self.server("resume-apiserver")
        self.all_succeed()
        self.still_works()

    def test_it_restarts_and_has_lost_its_history(self):
        self.burst()
        before = self.lists()
        self.house.tool("etcd", "compact")
        self.server("restart-apiserver", "--down-seconds", "2")
        self.all_succeed()
        self.still_works()
        self.assertGreater(self.lists(), before, "a watch of lost history has to list again")
        self.logged("the history of a watch is lost, listing again")

    def test_it_has_too_much_to_do(self):
        proxy = self.house.proxies[self.replica.name]
        before = self.refusals()
        self.burst()
        proxy.busy = True
        try:
            self.burst("k")
            time.sleep(BUSY_SECONDS)  # how long it lasts is the point of the test
        finally:
            proxy.busy = False
        print(f"{proxy.turned_away} requests turned away in {BUSY_SECONDS} s", flush=True)
        self.assertGreater(proxy.turned_away, 0)
        self.logged("the API server has too much to do: writes wait")
        # Retry-After of one second holds for all that wait, and there is nothing to hammer for.
        self.assertLess(proxy.turned_away, 100 + 20 * BUSY_SECONDS)
        self.all_succeed()
        self.all_succeed("k")
        self.still_works()
        self.assertGreater(self.refusals(), before)

    def test_etcd_is_full_for_a_while(self):
        self.burst()
        self.house.tool("etcd", "full")
        try:
            time.sleep(8)  # the lease cannot be renewed either
        finally:
            self.house.tool("etcd", "space")
        self.house.tool("restart-kwok")  # it gives up on pods that it could not patch
        self.logged("database space exceeded")
        self.all_succeed()
        self.still_works()


if __name__ == "__main__":
    unittest.main()
