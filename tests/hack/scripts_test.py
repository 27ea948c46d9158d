"""The scripts of hack/ in a tree of their own, with stand-ins for what they call."""
import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "hack"))

from demo import live, monitoring  # noqa: E402
from gate import cpp, e2e  # noqa: E402


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "hack").mkdir()
        self.log = self.root / "log"

    def copy(self, *names):
        for name in names:
            shutil.copy(ROOT / "hack" / name, self.root / "hack" / name)

    def stand_in(self, path, script):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/bash\necho "{path.name} $*" >>{self.log}\n{script}\n')
        path.chmod(0o755)

    def run_script(self, name, *args, **env):
        return subprocess.run([self.root / "hack" / name, *args], text=True, capture_output=True,
                              env=dict(os.environ, **env), stdin=subprocess.DEVNULL, check=False)

    def calls(self):
        return self.log.read_text().splitlines()


class Clean(Tree):
    def test_it_refuses_while_a_cluster_of_any_kind_runs(self):
        self.copy("env.sh", "clean.sh")
        for state in ("demo/state.json", "cluster/cluster.json", "real/cluster.json"):
            path = self.root / ".muster" / state
            path.parent.mkdir(parents=True)
            path.write_text("{}")
            done = self.run_script("clean.sh")
            self.assertEqual(done.returncode, 1, state)
            self.assertIn(state, done.stderr)
            self.assertTrue(path.exists())
            path.unlink()
        self.assertEqual(self.run_script("clean.sh").returncode, 0)
        self.assertFalse((self.root / ".muster").exists())


class Campaign(Tree):
    def campaign(self, tests, bench):
        self.copy("env.sh", "campaign.sh")
        self.stand_in(self.root / "hack" / "install-deps.sh", "")
        self.stand_in(self.root / "hack" / "test-all.sh", f"exit {tests}")
        self.stand_in(self.root / "hack" / "bench.sh", f"exit {bench}")
        return self.run_script("campaign.sh").returncode

    def test_it_runs_the_fuzzing_of_the_unit_tests_too(self):
        self.assertEqual(self.campaign(0, 0), 0)
        self.assertIn("unit", self.calls()[1].split())

    def test_benchmarks_run_whatever_the_tests_said_and_both_count(self):
        self.assertNotEqual(self.campaign(1, 0), 0)
        self.assertEqual(self.calls()[-1].strip(), "bench.sh")
        self.assertNotEqual(self.campaign(0, 1), 0)

    def test_it_has_no_time_limits(self):
        with mock.patch.dict(os.environ, MUSTER_CAMPAIGN="1"):
            self.assertEqual(cpp.limits(), (cpp.NO_LIMIT, None))
            self.assertIsNone(e2e.limit_of(ROOT / "tests/e2e/quota_test.py"))
        with mock.patch.dict(os.environ):
            os.environ.pop("MUSTER_CAMPAIGN", None)
            self.assertEqual(cpp.limits(), (cpp.TEST_SECONDS, cpp.STAGE_SECONDS))

    def test_no_test_has_a_limit_of_its_own_that_a_campaign_could_not_lift(self):
        for path in [ROOT / "CMakeLists.txt", *ROOT.glob("cmake/*.cmake"),
                     *ROOT.glob("*/sources.cmake"), *ROOT.glob("src/*/sources.cmake")]:
            self.assertNotRegex(path.read_text(), r"\bTIMEOUT \d", path)


class TestAll(Tree):
    def run_all(self, *stages, install="0"):
        self.copy("env.sh", "test-all.sh")
        self.stand_in(self.root / "hack" / "install-deps.sh", f"exit {install}")
        (self.root / "hack" / "test-all.py").write_text(
            f"open({str(self.log)!r}, 'a').write('test-all.py\\n')\n")
        return self.run_script("test-all.sh", *stages)

    def test_what_is_missing_is_installed_first(self):
        self.run_all()
        self.assertEqual([line.split()[0] for line in self.calls()],
                         ["install-deps.sh", "test-all.py"])

    def test_where_that_fails_the_closing_line_says_so(self):
        done = self.run_all(install="1")
        self.assertEqual((done.returncode, done.stdout), (1, "0 passed, 1 failed\n"))

    def test_single_stages_take_what_is_there(self):
        self.run_all("lint")
        self.assertEqual([line.split()[0] for line in self.calls()], ["test-all.py"])


class Monitoring(Tree):
    def test_prometheus_comes_also_to_a_machine_without_apt_lists(self):
        tools = self.root / "bin"
        lists = self.root / "lists"
        self.stand_in(tools / "apt-get", f'case "$*" in *update*) touch {lists};; *download*) '
                      f'[ -e {lists} ] && touch prometheus_1_all.deb;; esac')
        self.stand_in(tools / "sudo", 'shift; exec "$@"')
        self.stand_in(tools / "dpkg-deb", "mkdir -p usr/bin; touch usr/bin/prometheus")
        env = {"PATH": f"{tools}:{os.environ['PATH']}", "MUSTER_CACHE": str(self.root / "cache")}
        with mock.patch.dict(os.environ, env), mock.patch.object(shutil, "which",
                                                                 return_value=None):
            path = pathlib.Path(monitoring.program())
        self.assertTrue(path.exists(), self.calls())


class LiveTable(unittest.TestCase):
    """Of six jobs the first three have succeeded."""

    def drawn(self, lines):
        table = live.Live(kubectl=None)
        for index in range(6):
            item = {"metadata": {"namespace": "muster-demo-a", "name": f"job-{index}"},
                    "status": {"phase": "Succeeded" if index < 3 else "Running"}}
            story = table.jobs[f"muster-demo-a/job-{index}"] = live.Story(item, 0)
            story.see(item, 0, 0)
        rows = [f"muster-demo-a   job-{index}   4" for index in range(6)]
        said = io.StringIO()
        with mock.patch.object(shutil, "get_terminal_size", return_value=os.terminal_size(
                (80, lines))), contextlib.redirect_stdout(said):
            table._draw("NAMESPACE", rows)
        return [line.split()[-2] if "job-" in line else line
                for line in said.getvalue().splitlines()[1:-1]]

    def test_all_jobs_are_shown_where_there_is_room(self):
        self.assertEqual(self.drawn(9), [f"job-{index}" for index in range(6)])

    def test_a_small_terminal_shows_what_has_not_ended_and_says_how_many_are_left_out(self):
        self.assertEqual(self.drawn(8), ["job-0", "job-3", "job-4", "job-5", "... and 2 more"])
        self.assertEqual(self.drawn(6), ["job-3", "job-4", "... and 4 more"])
        self.assertEqual(self.drawn(2), ["... and 6 more"])


if __name__ == "__main__":
    unittest.main()
