#!/usr/bin/env python3
"""Quota, shares and preemption on a real control plane, all stories side by side on one cluster."""

import unittest

import story
from quota_limits import Ceilings, Policies
from quota_preemption import Priority, Reclaim, Sharing

LIMIT_SECONDS = 420
STORIES = (Ceilings, Policies, Sharing, Reclaim, Priority)


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=6)


if __name__ == "__main__":
    unittest.main()
