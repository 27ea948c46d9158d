#!/usr/bin/env python3
"""Big jobs do start: a place is kept for them from the time at which it comes free, and what ends by
then goes ahead.  A new leader keeps the place."""

import unittest

import story
from story import Story, unix


def load_tests(loader, tests, pattern):
    return story.side_by_side(tests, replicas=2, flags=("--policy-slots", 8))


class Slots(Story):
    def test_a_gang_of_a_pool_starts_on_time_under_a_stream_of_singles(self):
        self.scene.own_nodes(count=8)
        for i in range(8):  # five GPUs of each node, for 40 s
            self.scene.job(f"old-{i}", gpu=5, sim={"run-seconds": 40}, maxRuntimeSeconds=50)
        for i in range(8):
            self.scene.wait(f"old-{i}", phase="Running")
        self.scene.job("big", replicas=8, gpu=8, sim={"run-seconds": 2})
        self.scene.until("a slot", lambda: self.scene.status("big").get("estimatedStartTime"),
                         about="big")
        first = self.scene.status("big")
        self.assertEqual(first["phase"], "Pending")
        self.assertEqual(len(first["reservation"]["nodes"]), 8)
        # What may run longer than that waits, however small it is; what ends in time does not.
        self.scene.job("unbounded", gpu=1, sim={"run-seconds": 2})
        for i in range(6):
            self.scene.job(f"short-{i}", gpu=1, sim={"run-seconds": 1}, maxRuntimeSeconds=2)
        told = self.scene.wait("unbounded", reason="ReservedForLater")
        self.assertIn(f"it is kept for {self.scene.name}/big", told["message"])
        for i in range(6):
            self.scene.wait(f"short-{i}", phase="Succeeded")
        self.assertEqual(self.scene.status("unbounded")["phase"], "Pending")
        started = self.scene.wait("big", phase="Running")
        begun = unix(started["placement"]["committedAt"])
        self.assertLessEqual(begun, unix(first["estimatedStartTime"]) + 1)
        self.assertNotIn("reservation", started)
        self.scene.wait("unbounded", phase="Succeeded")

    def test_a_new_leader_keeps_the_place(self):
        self.scene.own_nodes(count=2)
        self.scene.job("old", gpu=8, sim={"run-seconds": 600}, maxRuntimeSeconds=900)
        self.scene.wait("old", phase="Running")
        self.scene.job("big", replicas=2, gpu=8, sim={"run-seconds": 2})
        self.scene.until("a slot", lambda: self.scene.status("big").get("reservation"), about="big")
        promised = self.scene.status("big")["reservation"]
        self.house.hand_over()
        self.scene.job("unbounded", gpu=8, sim={"run-seconds": 2})
        self.scene.wait("unbounded", reason="ReservedForLater")
        self.assertEqual(self.scene.status("big")["reservation"], promised)


if __name__ == "__main__":
    unittest.main()
