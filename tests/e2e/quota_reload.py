"""A changed configuration file takes effect in the running process; a wrong one changes nothing and is
told with line and field."""

import pathlib
import tempfile

import story
from scrape import read, scrape
from story import Story

NO_PREEMPTION = "policy:\n  preemption:\n    enabled: false\n"
PREEMPTION = "policy:\n  preemption:\n    enabled: true\n"
WRONG = "policy:\n  preemption:\n    enabled: perhaps\n"
FIXED = PREEMPTION + "podGroupTimeout: 5m\n"  # cannot change while the process runs
FOLDER = tempfile.TemporaryDirectory(prefix="muster-e2e-config-")
FILE = pathlib.Path(FOLDER.name) / "muster.yaml"
FILE.write_text("{}\n")


def write(text):
    """As a mounted ConfigMap does it: at once."""
    fresh = FILE.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(FILE)


class Reload(Story):
    """Alone: the file holds for the whole house."""

    alone = True

    def setUp(self):
        super().setUp()
        self.replica = story.HOUSE.replicas[0]
        self.pid = self.replica.pid

    def tearDown(self):
        write("{}\n")

    def readiness(self):
        return read(self.replica, "/readyz?verbose")[1]

    def counted(self, result):
        return scrape(self.replica).sum("gpu_scheduler_config_reloads_total", result=result)

    def change(self, text, result):
        """Writes the file and waits until it was judged."""
        before = self.counted(result)
        write(text)
        self.scene.until(f"file {result}", lambda: self.counted(result) == before + 1, 20)

    def test_the_file_changes_what_the_running_process_does(self):
        self.change(NO_PREEMPTION, "ok")
        self.scene.own_nodes(1, gpus=8)
        self.scene.job("low", gpu=8, priority="low")
        self.scene.wait("low", phase="Running")
        self.scene.job("high", gpu=8, priority="critical", sim={"run-seconds": 1})
        self.scene.wait("high", phase="Pending", reason="GangIncomplete")
        for text, where, why in (
                (WRONG, "muster.yaml:3:14: policy.preemption.enabled",
                 "is not true or false"),
                (FIXED, "muster.yaml:4:18: podGroupTimeout", "cannot change")):
            self.change(text, "refused")
            lines = [line for line in self.replica.log.read_text().splitlines()
                     if "refused" in line and where in line and why in line]
            self.assertEqual(len(lines), 1, self.replica.tail())
            config = next(line for line in self.readiness().splitlines()
                          if "config" in line)
            self.assertIn("[+]config", config)  # the old settings stay, so it is ready
            self.assertIn(where, config)
            self.assertEqual(self.scene.status("low")["phase"], "Running")  # the old ones stay
        self.change(PREEMPTION, "ok")
        self.scene.wait("high", phase="Succeeded")
        self.assertEqual(self.scene.status("low")["preemptions"], 1)
        self.assertNotIn("refused", self.readiness())
        self.assertTrue(self.replica.alive())
        self.assertEqual(self.replica.pid, self.pid)
