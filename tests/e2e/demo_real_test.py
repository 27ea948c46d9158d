#!/usr/bin/env python3
"""`make demo-real` runs its two jobs on real kubelets (root on Linux), and `make stop` ends them."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class DemoRealTest(unittest.TestCase):
    def demo(self, command, folder):
        done = subprocess.run([sys.executable, str(ROOT / "hack" / "demo.py"), command], text=True,
                              env=dict(os.environ, MUSTER_STATE=folder), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])
        return done.stdout

    def test_pods_talk_to_each_other_and_a_failed_attempt_is_tried_again(self):
        folder = tempfile.mkdtemp(prefix="muster-demo-real-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.addCleanup(self.demo, "stop", folder)
        said = self.demo("real", folder)
        for name in ("hello", "second-try"):
            self.assertRegex(said, rf"\n{name} .*Succeeded")
        self.assertIn("rank 1 of 2 on hello-main-1 says hello", said)
        self.assertIn("attempt 2", said)
        self.demo("stop", folder)
        self.assertFalse((pathlib.Path(folder) / "real" / "cluster.json").exists())


if __name__ == "__main__":
    unittest.main()
