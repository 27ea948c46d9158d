#!/usr/bin/env python3
"""`make demo` tells the story of the README, and `make stop` leaves nothing behind."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 300
NEVER = {"vision/too-wide": "NoMatchingNodes", "research/too-greedy": "ExceedsMaxQuota",
         "vision/too-proud": "Misconfigured"}


def demo(command, folder):
    # As in a shell that has followed an earlier demo: no cluster of the user's.
    left = pathlib.Path(folder) / "cluster" / "kubeconfig" / "admin.kubeconfig"
    environment = dict(os.environ, MUSTER_STATE=str(folder), KUBECONFIG=str(left))
    return subprocess.run([sys.executable, str(ROOT / "hack" / "demo.py"), command], text=True,
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


def rows(text, title):
    """Lines of one part of the summary, split at two blanks or more."""
    part = text.split(f"\n{title}", 1)[1].split("\n\n", 1)[0]
    return [re.split(r"\s{2,}", line.strip()) for line in part.splitlines()[1:]]


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-demo-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.addClassCleanup(demo, "stop", cls.folder)
        done = demo("run", cls.folder)
        cls.text = done.stdout
        if done.returncode:
            raise AssertionError(f"the demo ended with {done.returncode}\n{cls.text[-6000:]}")
        cls.jobs = {row[0]: row for row in rows(cls.text, "Who waited for what")[1:]}

    def test_all_jobs_but_three_succeed(self):
        ends = {name: row[-1] for name, row in self.jobs.items()}
        self.assertGreaterEqual(len(ends), 30)
        self.assertEqual({name for name, end in ends.items() if end != "Succeeded"}, set(NEVER))

    def test_the_three_say_why(self):
        for name, reason in NEVER.items():
            self.assertEqual(self.jobs[name][-1], f"Pending ({reason})")

    def test_sweep_is_preempted_by_flagship(self):
        preempted = self.text.split("\nWho was preempted by whom\n")[1].split("\n\n")[0]
        self.assertRegex(preempted, r"research/sweep: .*flagship")

    def test_gpu_use_is_told_for_each_tenant(self):
        tenants = {row[0]: float(row[1]) for row in rows(self.text, "GPU use per tenant")[1:]}
        self.assertEqual(set(tenants), {f"muster-demo-{name}"
                                        for name in ("language", "research", "vision")})
        self.assertTrue(all(seconds > 0 for seconds in tenants.values()))

    def test_monitoring_scrapes_both_operators(self):
        done = demo("monitoring", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("/metrics"), 2)

    def test_a_second_start_finds_the_first(self):
        done = demo("start", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("run already", done.stdout)


class StopTest(unittest.TestCase):
    def test_stop_where_nothing_runs_is_no_error(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(demo("stop", folder).returncode, 0)


if __name__ == "__main__":
    unittest.main()
