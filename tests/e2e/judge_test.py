#!/usr/bin/env python3
"""The judge of foreign groups: who is bound in part, and for how long."""

import collections
import unittest

from judge import judge_groups

Change = collections.namedtuple("Change", "at verb body")


def pod(name, at, node="", phase="Pending", verb="MODIFIED"):
    body = {"metadata": {"uid": name, "name": name, "namespace": "team", "labels": {
                "scheduler.io/pod-group": "g", "scheduler.io/pod-group-min": "3",
                "scheduler.io/pod-group-timeout": "30"}},
            "spec": {"nodeName": node} if node else {}, "status": {"phase": phase}}
    return Change(at, verb, body)


class Groups(unittest.TestCase):
    WAITING = [pod(name, 0, verb="ADDED") for name in "abc"]

    def test_who_waits_for_the_rest_too_long_is_bound_in_part(self):
        bound = [pod("a", 1, "n"), pod("b", 1, "n")]
        self.assertEqual(judge_groups(self.WAITING + bound + [pod("c", 50, "n")]), [])
        self.assertEqual(judge_groups(self.WAITING + bound + [pod("c", 60, "n")]),
                         ["group g was bound in part for 59 s"])

    def test_that_the_rest_is_deleted_makes_no_whole(self):
        changes = self.WAITING + [pod("a", 1, "n"), pod("b", 1, "n"), pod("c", 2, verb="DELETED")]
        self.assertEqual(judge_groups(changes), ["group g is bound in part"])

    def test_who_ran_whole_may_lose_pods(self):
        changes = self.WAITING + [pod(name, 1, "n") for name in "abc"]
        for lost in (pod("c", 2, "n", verb="DELETED"), pod("c", 2, "n", "Failed")):
            self.assertEqual(judge_groups(changes + [lost, pod("b", 90, "n", "Running")]), [])


if __name__ == "__main__":
    unittest.main()
