#!/usr/bin/env python3
"""muster-sim as a person calls it: what it prints, what it writes, what it refuses.

program_test.py PROGRAM
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PHILLY = "vc,submit_s,num_gpus,duration_s\neast,0,8,100\nwest,5,4,50\neast,9,4,10\n"


class Program(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.jobs = self.put("jobs.csv", PHILLY)

    def put(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def call(self, *words, code=0, stdin=""):
        done = subprocess.run([self.program, *words], input=stdin, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def test_run_says_how_it_went_and_writes_what_is_asked_for(self):
        out, events = self.folder / "out.json", self.folder / "events.tsv"
        text = self.call("run", "--jobs", self.jobs, "--nodes", "1x8", "--json", str(out),
                         "--events", str(events))
        self.assertIn("3 of 3 jobs ended", text)
        self.assertEqual(json.loads(out.read_text())["submitted"], 3)
        self.assertEqual(len(events.read_text().splitlines()), 1 + 9)

    def test_the_jobs_may_come_on_standard_input(self):
        self.assertEqual(self.call("run", "--jobs", "-", "--nodes", "1x8", stdin=PHILLY),
                         self.call("run", "--jobs", self.jobs, "--nodes", "1x8"))

    def test_compare_sets_policies_beside_each_other(self):
        other = self.put("other.yaml", "policy: {preemption: {enabled: false}}\n")
        out = self.folder / "out.json"
        text = self.call("compare", "--jobs", self.jobs, "--nodes", "1x8", "--policy", "default=",
                         "--policy", other, "--json", str(out))
        self.assertIn("other", text.splitlines()[0])
        names = [policy["name"] for policy in json.loads(out.read_text())["policies"]]
        self.assertEqual(names, ["default", "other"])

    def test_one_policy_is_nothing_to_compare(self):
        self.assertIn("at least two",
                      self.call("compare", "--jobs", self.jobs, "--policy", "default=", code=2))

    def test_what_is_drawn_can_be_run(self):
        jobs = self.call("generate", "--jobs", "50", "--processors", "64")
        text = self.call("run", "--jobs", "-", "--nodes", "8x8", stdin=jobs)
        self.assertIn("50 of 50 jobs ended", text)

    def test_a_wrong_line_is_named(self):
        bad = self.put("bad.csv", PHILLY + "west,x,4,50\n")
        self.assertIn("bad.csv:5:6: submit_s is not a number",
                      self.call("run", "--jobs", bad, code=2))


if __name__ == "__main__":
    Program.program = sys.argv.pop(1)
    unittest.main()
