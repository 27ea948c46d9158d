"""The gate itself: what it stops clears up, and what is left behind is seen."""
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "hack"))

from gate import e2e, leftovers, proc  # noqa: E402
from gate.lint import Lint  # noqa: E402

STORY = """
    import os, pathlib, signal, unittest
    HERE = pathlib.Path(__file__).parent
    class Story(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            (HERE / "house").mkdir()
            cls.addClassCleanup((HERE / "house").rmdir)
            {in_class}
        def test_1(self):
            {in_test}
        def test_2(self):
            (HERE / "second").mkdir()
    if __name__ == "__main__":
        unittest.main()
"""
STOP = "os.kill(os.getpid(), signal.SIGTERM); signal.pause()"


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class Remembering(Scratch):
    def setUp(self):
        super().setUp()
        self.write("operator/main.cc", '#include "rooms/a.h"\n')
        self.write("operator/rooms/a.h", '#include "muster/b.h"\n#include <vector>\n')
        self.write("include/muster/b.h", "int b;\n")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def key(self):
        lint = Lint(self.folder, self.folder, "1", self.folder, None)
        file = self.folder / "operator/main.cc"
        command = f"clang++ -I{self.folder}/include -I{self.folder}/operator -I/usr/include -c {file}"
        return lint._key({"command": command, "file": str(file)}, b"")

    def test_a_header_that_is_reached_by_any_folder_of_the_command_counts(self):
        before = self.key()
        self.assertEqual(self.key(), before)
        self.write("include/muster/b.h", "long b;\n")
        self.assertNotEqual(self.key(), before)


class Killing(Scratch):
    def test_the_group_of_one_that_will_not_end_goes_with_it(self):
        mark = self.folder / "child"
        script = f"trap '' TERM; sleep 600 & echo $! >{mark}.new; mv {mark}.new {mark}; wait"
        leader = subprocess.Popen(["sh", "-c", script], start_new_session=True)
        while not mark.exists():
            self.assertIsNone(leader.poll())
        proc.stop(leader.pid, grace=0.2)
        child = pathlib.Path("/proc") / mark.read_text().strip() / "stat"
        deadline = time.monotonic() + 10
        while child.exists() and child.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            self.assertLess(time.monotonic(), deadline, "the child lives on")


class Stopping(Scratch):
    def run_story(self, **parts):
        path = self.folder / "story_test.py"
        path.write_text(textwrap.dedent(STORY.format(**{"in_class": "pass", "in_test": "pass", **parts})))
        command = proc.Command(e2e.words_of(path), self.folder / "log", limit=60)
        code = command.run()
        return code, command

    def test_a_test_that_is_stopped_takes_down_its_class_and_starts_no_other(self):
        code, command = self.run_story(in_test=STOP)
        self.assertEqual(code, 1, command.text())
        self.assertEqual(e2e.counts(command.text()), (1, 1))
        self.assertFalse((self.folder / "house").exists())
        self.assertFalse((self.folder / "second").exists())

    def test_a_class_that_is_stopped_while_it_is_set_up_is_taken_down(self):
        code, command = self.run_story(in_class=STOP)
        self.assertEqual(code, 1, command.text())
        self.assertFalse((self.folder / "house").exists())

    def test_what_failed_is_told_whatever_else_the_program_says_at_its_end(self):
        _, command = self.run_story(in_test="self.fail('the very reason')")
        told = e2e.failures(command.text() + "and so on\n" * 300)
        self.assertRegex(told, r"^FAIL: test_1 ")
        self.assertIn("AssertionError: the very reason", told)
        self.assertNotIn("and so on", told)

    def test_a_test_that_is_left_alone_runs_as_ever(self):
        code, command = self.run_story()
        self.assertEqual((code, e2e.counts(command.text())), (0, (2, 0)), command.text())


class SideBySide(Scratch):
    def command(self, name, script):
        return proc.Command(["sh", "-c", script], self.folder / f"{name}.log", cwd=self.folder,
                            limit=60)

    def test_two_run_at_a_time(self):
        meet = "touch {0}; until [ -e {1} ]; do sleep 0.02; done"
        commands = [self.command("a", meet.format("a", "b")),
                    self.command("b", meet.format("b", "a"))]
        self.assertEqual([code for _, code in e2e.run_all(commands, 2)], [0, 0])

    def test_whoever_stops_the_gate_stops_those_that_run(self):
        first, second, third = (self.command("1", "true"), self.command("2", "exec sleep 600"),
                                self.command("3", "exec sleep 600"))
        ended = e2e.run_all([first, second, third, self.command("4", "touch began")], 2)
        self.assertEqual(next(ended), (first, 0))
        ended.close()
        self.assertEqual(proc.children(), [])
        self.assertFalse((self.folder / "began").exists())

    def test_the_long_ones_begin_and_a_campaign_runs_one_by_one(self):
        files = e2e.discover(ROOT)
        lanes, order = e2e.plan(files)
        limits = [e2e.stated_limit(path) for path in order]
        self.assertEqual((lanes, sorted(order)), (2, sorted(files)))
        self.assertEqual(limits, sorted(limits, reverse=True))
        with mock.patch.dict(os.environ, MUSTER_CAMPAIGN="1"):
            self.assertEqual(e2e.plan(files), (1, files))


class Leftovers(Scratch):
    def setUp(self):
        super().setUp()
        (self.folder / "cpu" / "muster-old").mkdir(parents=True)
        self.left = leftovers.Leftovers(cgroups=self.folder)
        self.addCleanup(self.left.clear)

    def group(self, name, processes):
        path = self.folder / name
        path.mkdir(parents=True)
        (path / "cgroup.procs").write_text(processes)
        return path

    def test_nothing_left_is_nothing_found(self):
        self.assertEqual(self.left.found(), [])

    def test_a_folder_of_a_test_is_found(self):
        with tempfile.TemporaryDirectory(prefix="muster-e2e-",
                                         dir=self.left.environment()["TMPDIR"]) as folder:
            self.assertEqual(self.left.found(), [f"folder {folder}"])

    def test_a_control_group_without_process_is_found_and_another_s_is_not(self):
        empty = self.group("cpu/muster-1/real-0", "").parent
        self.group("cpu/muster-2/real-0", "17\n")
        self.assertEqual(self.left.found(), [f"control group {empty}"])


if __name__ == "__main__":
    unittest.main()
