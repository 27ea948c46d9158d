#!/usr/bin/env python3
"""The life of jobs on a real control plane, all stories side by side on one cluster."""

import unittest

import story
from lifecycle_ending import Request, Time
from lifecycle_failing import Infrastructure, Retry
from lifecycle_starting import Starting, Writes

LIMIT_SECONDS = 420
STORIES = (Starting, Writes, Retry, Infrastructure, Time, Request)


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=10)


if __name__ == "__main__":
    unittest.main()
