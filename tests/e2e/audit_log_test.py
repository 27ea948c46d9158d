#!/usr/bin/env python3
"""The reader of audit logs: every event of a log in which an API server was killed."""

import json
import pathlib
import tempfile
import unittest

import audit_log


def event(name, verb="create", stage="ResponseComplete"):
    return json.dumps({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": stage, "verb": verb,
        "requestURI": "/", "stageTimestamp": "", "user": {"username": "u"},
        "objectRef": {"resource": "pods", "name": name}}, separators=(",", ":")).encode()


class Reading(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "audit.log"
        self.log = audit_log.AuditLog(self.path)

    def write(self, *pieces):
        with open(self.path, "ab") as log:
            log.write(b"".join(pieces))

    def names(self):
        return [write.name for write in self.log.writes()]

    def test_writes_that_are_finished_count_once(self):
        self.write(event("a"), b"\n", event("r", "list"), b"\n",
                   event("b", stage="ResponseStarted"), b"\n")
        self.assertEqual(self.names(), ["a"])
        self.write(event("c"), b"\n")
        self.assertEqual(self.names(), ["a", "c"])

    def test_a_line_that_is_being_written_is_read_when_it_is_whole(self):
        whole = event("a")
        self.write(whole[:90])
        self.assertEqual(self.names(), [])
        self.write(whole[90:], b"\n")
        self.assertEqual(self.names(), ["a"])

    def test_what_a_killed_api_server_left_of_a_line_is_passed_over(self):
        self.write(event("a"), b"\n", event("torn")[:90], event("b"), b"\n", event("c"), b"\n")
        self.assertEqual(self.names(), ["a", "b", "c"])

    def test_an_event_that_lacks_only_the_end_of_its_line_counts(self):
        self.write(event("a"), event("b"), b"\n")
        self.assertEqual(self.names(), ["a", "b"])

    def test_what_is_wrong_otherwise_is_an_error(self):
        self.write(event("a")[:90], b"\n")
        self.assertRaises(ValueError, self.names)


if __name__ == "__main__":
    unittest.main()
