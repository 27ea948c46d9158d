"""C++ stages: build a preset, run its GoogleTest programs, count their test cases."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

from .proc import Command

TEST_SECONDS = 300  # one test
STAGE_SECONDS = 1200  # all tests of one preset
NO_LIMIT = 10_000_000


def limits():
    """(of one test, of the stage) in seconds; a campaign takes as long as it takes."""
    if os.environ.get("MUSTER_CAMPAIGN"):
        return NO_LIMIT, None
    return TEST_SECONDS, STAGE_SECONDS


class Cpp:
    def __init__(self, root, logs, jobs, tally):
        self._root = root
        self._logs = logs
        self._jobs = jobs
        self._tally = tally

    def configure(self, preset):
        return self._step(f"configure {preset}", ["cmake", "--preset", preset])

    def build(self, preset, targets=()):
        """Configures and builds; True when both went well."""
        if not self.configure(preset):
            return False
        # Ninja itself: it ends what it runs when it is told to end, and "cmake --build" does not.
        return self._step(f"build {preset}", ["ninja", "-C", f"build/{preset}", "-j", self._jobs,
                                              "-k", "0", *targets])  # all errors, not the first

    def test(self, preset, label=None):
        """Runs the tests of a built preset: all but e2e, or those of one label."""
        reports = self._root / "build" / preset / "gtest"
        shutil.rmtree(reports, ignore_errors=True)
        select = ["-L", label] if label else ["-LE", "e2e", "-E", "^lint[.]"]
        seconds, limit = limits()
        command = Command(["ctest", "--output-on-failure", "--no-tests=error", "-j", self._jobs,
                           "--timeout", str(seconds), "--output-junit", "ctest.xml", *select],
                          self._logs / f"test-{preset}.log", cwd=self._root / "build" / preset,
                          env={"GTEST_OUTPUT": f"xml:{reports}/"}, limit=limit)
        code = command.run()
        failed = self._count(preset, reports)
        if code and not failed:
            self._tally.failed(f"ctest {preset} ended with {code}", command.tail())
        elif code:
            print(command.tail(), flush=True)

    def targets(self, preset, label):
        """Names of the tests of one label; a test's program has the test's name."""
        done = subprocess.run(["ctest", "--show-only=json-v1", "-L", label], check=True, text=True,
                              cwd=self._root / "build" / preset, capture_output=True)
        return [test["name"] for test in json.loads(done.stdout)["tests"]]

    def _count(self, preset, reports):
        """Test cases from the reports of the programs, and one each for tests that wrote none."""
        failed = 0
        reported = set()
        for path in sorted(reports.glob("*.xml")):
            reported.add(path.stem)
            suites = ElementTree.parse(path).getroot()
            cases = list(suites.iter("testcase"))
            bad = [case for case in cases if case.find("failure") is not None]
            bad += [case for case in cases if case.get("status") == "notrun"
                    or case.get("result") == "skipped"]
            self._tally.passed(len(cases) - len(bad))
            for case in bad:
                self._tally.failed(f"{preset}: {case.get('classname')}.{case.get('name')}")
            failed += len(bad)
        summary = self._root / "build" / preset / "ctest.xml"
        for test in ElementTree.parse(summary).getroot().iter("testcase"):
            ran_well = test.get("status") == "run"
            if test.get("name") in reported and (ran_well or failed):
                continue
            if ran_well:
                self._tally.passed()
            else:
                failed += 1
                self._tally.failed(f"{preset}: {test.get('name')} ({test.get('status')})")
        return failed

    def _step(self, what, words):
        command = Command(words, self._logs / f"{what.replace(' ', '-')}.log", cwd=self._root)
        command.log.unlink(missing_ok=True)
        code = command.run()
        self._tally.check(what, f"exit code {code}\n{command.tail()}" if code else "")
        return code == 0
