#!/usr/bin/env python3
"""muster-sim as a person calls it: what it prints, what it writes, what it refuses.

program_test.py PROGRAM
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

PHILLY = "vc,submit_s,num_gpus,duration_s\neast,0,8,100\nwest,5,4,50\neast,9,4,10\n"

SVG = "{http://www.w3.org/2000/svg}"


def points_of(picture):
    """Every corner of what a picture draws."""
    for shape in picture.iter():
        of = {key: float(value) for key, value in shape.attrib.items()
              if key in ("x", "y", "width", "height", "cx", "cy", "x1", "x2", "y1", "y2")}
        if shape.tag == SVG + "rect":
            yield of["x"], of["y"]
            yield of["x"] + of["width"], of["y"] + of["height"]
        elif shape.tag == SVG + "circle":
            yield of["cx"], of["cy"]
        elif shape.tag == SVG + "line":
            yield of["x1"], of["y1"]
            yield of["x2"], of["y2"]
        elif shape.tag == SVG + "text" and "x" in of:
            yield of["x"], of["y"]
        elif shape.tag == SVG + "path":
            for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", shape.get("d")):
                yield float(x), float(y)


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

    def test_the_page_is_well_formed_and_what_is_drawn_lies_inside_its_pictures(self):
        jobs = self.call("generate", "--jobs", "80", "--processors", "64", "--load", "0.9")
        page = self.folder / "page.html"
        self.call("run", "--jobs", "-", "--html", str(page), stdin=jobs)
        self.assertLess(page.stat().st_size, 1 << 20)
        pictures = list(ElementTree.fromstring(page.read_text()).iter(SVG + "svg"))
        self.assertEqual([p.get("id") for p in pictures],
                         ["use", "queue", "waits", "slowdowns", "tenant-0", "gantt"])
        for picture in pictures:
            self.assertEqual([child.tag for child in picture[:2]], [SVG + "title", SVG + "desc"])
            _, _, width, height = map(float, picture.get("viewBox").split())
            drawn = list(points_of(picture))
            self.assertGreater(len(drawn), 10)
            for x, y in drawn:
                self.assertTrue(0 <= x <= width and 0 <= y <= height, (picture.get("id"), x, y))

    def test_the_workload_file_of_the_documentation_runs(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        document = (root / "docs/simulator.md").read_text()
        example = self.put("example.yaml", re.search(r"```yaml\n(.*?)```", document, re.S)[1])
        self.assertIn("201 of 201 jobs ended", self.call("run", "--jobs", example))

    def test_recorded_cycles_give_the_same_plans_and_another_policy_shows_what_it_changes(self):
        cycles = str(self.folder / "cycles")
        self.call("run", "--jobs", self.jobs, "--nodes", "1x8", "--record", cycles)
        self.assertIn("6 cycles, 6 with the recorded plan", self.call("replay", cycles))
        slots = self.put("slots.yaml", "policy: {slots: 4}\n")
        text = self.call("replay", cycles, "--config", slots)
        self.assertIn("cycles would be decided otherwise", text)
        text = pathlib.Path(cycles).read_text()
        self.assertIn("allocatable=[(\"nvidia.com/gpu\" 8)]", text)
        fewer = text.replace("allocatable=[(\"nvidia.com/gpu\" 8)]",
                             "allocatable=[(\"nvidia.com/gpu\" 7)]")
        self.assertIn("plans are not the recorded ones",
                      self.call("replay", self.put("fewer", fewer), code=1))

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
