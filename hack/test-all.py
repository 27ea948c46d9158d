#!/usr/bin/env python3
"""Everything that the gate checks, in stages; `make test-all` and `.ci/run` call it.

  hack/test-all.py                  all stages
  hack/test-all.py unit lint        these stages only
  hack/test-all.py e2e --only chart end-to-end files whose name contains "chart"

Prints minutes by stage and closes with `N passed, N failed`.  Logs lie in build/gate/.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "hack"))

from gate import e2e, proc  # noqa: E402
from gate.cpp import Cpp  # noqa: E402
from gate.leftovers import Leftovers  # noqa: E402
from gate.lint import Lint  # noqa: E402
from gate.tally import Tally  # noqa: E402

LOGS = ROOT / "build" / "gate"


class Gate:
    """One method a stage, in the order in which they run."""

    def __init__(self, args):
        self.tally = Tally()
        cache = pathlib.Path(os.environ.get("MUSTER_CACHE") or
                             pathlib.Path.home() / ".cache" / "muster")
        self._only = args.only
        self._left = Leftovers()
        os.environ.update(self._left.environment())
        self._cpp = Cpp(ROOT, LOGS, str(args.jobs), self.tally)
        self._lint = Lint(ROOT, LOGS, str(args.jobs), cache, self.tally)
        self._tools = None

    def deps(self):
        command = proc.Command([ROOT / "hack/install-deps.sh", "build", "check", "real"],
                               LOGS / "deps.log")
        command.log.unlink(missing_ok=True)
        code = command.run()
        self.tally.check("install-deps", command.tail() or f"exit code {code}" if code else "")

    def start_tools(self):
        """The Kubernetes programs build behind the C++ stages, at a lower priority."""
        self._tools = proc.Command(
            ["nice", "-n", "5", ROOT / "tests/cluster/cluster", "build", "--all"],
            LOGS / "tools.log")
        self._tools.log.unlink(missing_ok=True)
        self._tools.start()

    def release(self):
        self._cpp.build("release", ["muster-operator", "floor_client"])

    def unit(self):
        if self._cpp.build("debug"):
            self._cpp.test("debug")

    def tidy(self):
        self._lint.format()
        if self._cpp.configure("debug"):
            self._lint.tidy()

    def threads(self):
        if self._cpp.configure("tsan"):
            names = self._cpp.targets("tsan", "threads")
            if not names:
                self.tally.failed("no test is labelled threads")
            elif self._cpp.build("tsan", names):
                self._cpp.test("tsan", "threads")

    def tools(self):
        """Waits for what start_tools began."""
        if self._tools is None:
            self.start_tools()
        code = self._tools.wait()
        self.tally.check("Kubernetes programs", self._tools.tail() if code else "")

    def lint(self):
        """After `tools`, because charts are checked with the real helm and kubectl."""
        self._lint.scripts()

    def e2e(self):
        e2e.run(ROOT, LOGS, self.tally, self._only)

    def leftovers(self):
        """Nothing that a stage started may outlive it."""
        left = proc.children_after(5.0)
        names = [f"{pid} {proc.command_of(pid)}" for pid in left]
        for pid in left:
            proc.stop(pid)
        self.tally.check("no process is left behind", "\n".join(names))
        self.tally.check("no folder, mount or control group is left behind",
                         "\n".join(self._left.found()))

    def close(self):
        if self._tools:
            self._tools.cancel()
        for pid in proc.children():
            proc.stop(pid, proc.CLEANUP_SECONDS)
        self._left.clear()


STAGES = ["deps", "release", "unit", "tidy", "threads", "tools", "lint", "e2e", "leftovers"]


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=" ".join(STAGES))
    parser.add_argument("--only", default="", help="part of the name of an end-to-end file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    args = parser.parse_args(argv)
    unknown = set(args.stages) - set(STAGES)
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are: {' '.join(STAGES)}")
    return args


def main(argv):
    args = parse(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    proc.become_reaper()
    LOGS.mkdir(parents=True, exist_ok=True)
    gate = Gate(args)
    try:
        for name in STAGES:
            if not args.stages or name in args.stages:
                before = os.environ.get("MUSTER_INSTALL_SECONDS", 0) if name == "deps" else 0
                gate.tally.stage(name, getattr(gate, name), float(before))
            if name == "deps" and not args.stages:
                gate.start_tools()
    finally:
        gate.close()
    gate.tally.summary()
    return 0 if gate.tally.ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (KeyboardInterrupt, subprocess.CalledProcessError) as error:
        print(f"stopped: {error!r}", file=sys.stderr)
        sys.exit(130)
