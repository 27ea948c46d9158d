#!/usr/bin/env python3
"""Quota, shares, preemption, the policy they follow and edits of tenants, all stories side by side on
one cluster."""

import unittest

import story
from quota_limits import Ceilings, Policies
from quota_preemption import Priority, Reclaim, Sharing
from quota_reload import FILE, Reload
from tenant_edits import Edits

LIMIT_SECONDS = 420
STORIES = (Ceilings, Policies, Edits, Sharing, Reclaim, Priority, Reload)


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=6, flags=("--config", FILE))


if __name__ == "__main__":
    unittest.main()
