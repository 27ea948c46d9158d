#!/usr/bin/env python3
"""`make bench` in small: its figures are there, and a benchmark that breaks leaves nothing that spoils the
next ones.  No time is judged."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import harness

LIMIT_SECONDS = 480
BENCHMARKS = harness.ROOT / "benchmarks"
SCALE = 0.02
SINGLES, GANGS = 80, 2  # what it makes of benchmarks/control_plane/life.py

LEFT = 520  # more than a page
# `starts` leaves a leader, jobs that run for ever, and a client that goes on creating more.
BROKEN = f"""
import sys
sys.path.insert(0, {str(BENCHMARKS)!r})
import control_plane_bench as bench

def breaks(house, told, _scale):
    house.start()
    body = bench.starts.job_body()
    house.bare("jobs", body, "admin", namespace="bench", prefix="left", count={LEFT})
    for name, value in house.bare("list").items():
        told.add(bench.report.Figure("listed: " + name, value, ""))
    house.bare_start("jobs", body, "admin", namespace="bench", prefix="more", count=9999, rate=20)
    raise OverflowError("this is what breaks it")

bench.starts.run = breaks
sys.exit(bench.main(sys.argv[1:]))
"""


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="muster-bench-test-")
        cls.addClassCleanup(folder.cleanup)
        output = pathlib.Path(folder.name) / "figures.json"
        words = [sys.executable, "-c", BROKEN, "--output", output, "--scale", SCALE]
        for name in ("starts", "life", "latency"):
            words += ["--only", name]
        process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        cls.addClassCleanup(cls.end, process)
        cls.text, _ = process.communicate()
        cls.code = process.returncode
        print(cls.text, flush=True)
        cls.told = json.loads(output.read_text())
        cls.figures = {figure["name"]: figure for figure in cls.told["figures"]}

    @staticmethod
    def end(process):
        """Its own cluster ends with it, in order."""
        process.terminate()
        process.wait(60)
        process.stdout.close()

    def test_one_that_breaks_is_told_and_spoils_no_other(self):
        self.assertEqual(self.told["failed"], {"starts": "OverflowError: this is what breaks it"})
        self.assertEqual(self.code, 1)

    def test_the_json_says_on_what_it_was_measured(self):
        self.assertEqual(self.told["scale"], SCALE)
        self.assertGreater(self.told["processors"], 0)
        for name in ("began", "kernel", "busyBefore", "loadBefore", "loadAfter"):
            self.assertIn(name, self.told)

    def test_figures_that_have_a_floor_are_there_with_it(self):
        rate = f"jobs through their life, {SINGLES} × 1"
        floored = [name for name in self.figures if name.startswith("job create → pod create")]
        self.assertEqual(len(floored), 5, floored)
        for name in (rate, *floored):
            figure = self.figures[name]
            self.assertGreater(figure["value"], 0, name)
            self.assertGreater(figure["floor"], 0, name)
            self.assertAlmostEqual(figure["ratio"], figure["value"] / figure["floor"])
            self.assertIn(name, self.text)

    def test_the_floor_of_a_list_lists_everything(self):
        listed = {name: self.figures["listed: " + name]["value"]
                  for name in ("objects", "seconds", "residentMiB")}
        self.assertGreater(listed["objects"], LEFT)
        self.assertGreater(listed["seconds"], 0)
        self.assertGreater(listed["residentMiB"], 1)

    def test_writes_are_counted(self):
        self.assertGreaterEqual(self.figures["most writes of a single"]["value"], 3)
        self.assertGreaterEqual(self.figures["writes of a gang of 20"]["value"], 23)
        self.assertEqual(self.figures["writes while idle, all jobs ended"]["bound"], 0)
        for jobs in (SINGLES, GANGS):
            self.assertEqual(self.figures[f"dry runs for {jobs} jobs of one template"]["value"], 1)
        for table, jobs, pods in (("singles", SINGLES, SINGLES), ("gangs", GANGS, 20 * GANGS)):
            rows = {row[0]: row[1:] for row in self.told["tables"][table]}
            self.assertEqual(rows["create pods"], [str(pods), f"{pods / jobs:.3f}"])


if __name__ == "__main__":
    unittest.main()
