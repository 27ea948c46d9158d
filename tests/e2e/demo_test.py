#!/usr/bin/env python3
"""`make demo` tells the story of the README, and `make stop` leaves nothing behind."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from helm_release import ROOT, until  # noqa: E402

LIMIT_SECONDS = 300
NEVER = {"vision/too-wide": "NoMatchingNodes", "research/too-greedy": "ExceedsMaxQuota",
         "vision/too-proud": "Misconfigured"}


def begin(command, folder):
    # As in a shell that has followed an earlier demo: no cluster of the user's.
    left = pathlib.Path(folder) / "cluster" / "kubeconfig" / "admin.kubeconfig"
    environment = dict(os.environ, MUSTER_STATE=str(folder), KUBECONFIG=str(left))
    return subprocess.Popen([sys.executable, str(ROOT / "hack" / "demo.py"), command], text=True,
                            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)


def demo(command, folder):
    process = begin(command, folder)
    text, _ = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, text)


def answer(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)["data"]


def alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


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

    def test_monitoring_scrapes_both_operators_and_has_our_rules(self):
        done = demo("monitoring", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("/metrics"), 2)
        api = re.search(r"^Prometheus +(http://\S+)/graph", done.stdout, re.M).group(1) + "/api/v1"

        def up():
            return sorted(target["labels"]["replica"] for target in answer(
                f"{api}/targets")["activeTargets"] if target["health"] == "up")
        until("both operators to be scraped", lambda: up() == ["operator-0", "operator-1"])
        rules = {rule["name"] for group in answer(f"{api}/rules")["groups"]
                 for rule in group["rules"]}
        self.assertIn("MusterDown", rules)

    def test_it_is_short(self):
        """A minute on a machine that does nothing else; the gate's may be busy."""
        took = int(re.search(r"The whole demo took (\d+) s", self.text).group(1))
        self.assertLessEqual(took, 60 if os.environ.get("MUSTER_CAMPAIGN") else 240)

    def test_a_second_start_finds_the_first(self):
        done = demo("start", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("run already", done.stdout)

    def test_a_second_run_starts_the_jobs_anew(self):
        """As far as to the first wait, which no job of the first run could end."""
        process = begin("run", self.folder)
        self.addCleanup(process.communicate)
        self.addCleanup(process.send_signal, signal.SIGINT)
        said = []
        for line in process.stdout:
            said.append(line)
            if re.search(r" muster-demo-research +sweep .* Running ", line):
                break
        self.assertIn(" Running ", said[-1], "".join(said))
        self.assertNotIn("not within", "".join(said))


class StopTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-demo-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(demo, "stop", self.folder)

    def started(self):
        """Pids of the operators, and of the cluster."""
        done = demo("start", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        state = json.loads((self.folder / "demo" / "state.json").read_text())
        operators = [row["pid"] for row in state["processes"] if alive(row["pid"])]
        cluster = [json.loads(path.read_text())["pid"]
                   for path in (self.folder / "cluster" / "run").glob("*.json")]
        self.assertEqual(len(operators), 2)
        self.assertGreaterEqual(len(cluster), 4)
        return operators + cluster

    def test_what_died_with_the_machine_is_started_anew_and_stop_leaves_nothing(self):
        first = self.started()
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        until("all of it is dead", lambda: not any(map(alive, first)))
        second = self.started()
        done = demo("stop", self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual([pid for pid in second if alive(pid)], [])
        self.assertEqual([path.name for path in self.folder.rglob("*.kubeconfig")], [])
        self.assertFalse((self.folder / "cluster").exists())

    def test_stop_where_nothing_runs_is_no_error(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(demo("stop", folder).returncode, 0)


if __name__ == "__main__":
    unittest.main()
