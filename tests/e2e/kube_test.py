#!/usr/bin/env python3
"""The Kubernetes client against a real API server: tests/kube/real_api_test.cc, which the stage `unit`
builds, on a control plane of its own."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT, run_tool

LIMIT_SECONDS = 240
PROGRAM = ROOT / "build" / "debug" / "kube.real_api_test"


class KubeTest(unittest.TestCase):
    def setUp(self):
        self.assertTrue(os.access(PROGRAM, os.X_OK), f"{PROGRAM} is not built")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-kube-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(run_tool, "down", "--dir", self.folder / "cluster")
        run_tool("up", "--dir", self.folder / "cluster", "--no-kwok", "--quiet")
        run_tool("etcd", "compact", "--dir", self.folder / "cluster")
        run_tool("restart-apiserver", "--dir", self.folder / "cluster")

    def test_the_client_is_right_about_a_real_api_server(self):
        config = run_tool("kubeconfig", "--dir", self.folder / "cluster")
        done = subprocess.run([PROGRAM], env=dict(os.environ, MUSTER_TEST_KUBECONFIG=config),
                              cwd=ROOT, text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        ran = re.search(r"^\[  PASSED  \] (\d+) tests?\.$", done.stdout, re.M)
        self.assertTrue(ran and int(ran.group(1)) >= 10, done.stdout)


if __name__ == "__main__":
    unittest.main()
