"""Counts checks, times stages, and prints the story of a run."""

import time


class Tally:
    """Every check ends in passed() or failed(); summary() prints the closing line."""

    def __init__(self):
        self._passed = 0
        self._failures = []
        self._stages = []
        self._stage = None

    @property
    def ok(self):
        return not self._failures and self._passed > 0

    def passed(self, count=1):
        self._passed += count
        if self._stage:
            self._stage["passed"] += count

    def failed(self, what, details="", count=1):
        self._failures += [what] * count
        if self._stage:
            self._stage["failed"] += count
        print(f"FAILED {what}", flush=True)
        if details:
            print("\n".join(f"  | {line}" for line in details.splitlines()), flush=True)

    def check(self, what, problem):
        """`problem` is what is wrong, or nothing."""
        if problem:
            self.failed(what, problem)
        else:
            self.passed()

    def stage(self, name, function, before=0.0):
        """Runs one stage; an exception in it is a failure of the stage, not of the run.  `before`:
        seconds that belong to it and have passed."""
        self._stage = {"name": name, "passed": 0, "failed": 0, "seconds": 0.0}
        self._stages.append(self._stage)
        print(f"== {name}", flush=True)
        started = time.monotonic() - before
        try:
            function()
        except Exception as error:  # noqa: BLE001  # a broken stage must not hide the others
            self.failed(f"{name}: {type(error).__name__}: {error}")
        if not self._stage["passed"] + self._stage["failed"]:
            self.failed(f"{name}: checked nothing")
        row, self._stage = self._stage, None
        row["seconds"] = time.monotonic() - started
        print(f"== {name}: {row['passed']} passed, {row['failed']} failed"
              f" in {row['seconds'] / 60:.1f} min", flush=True)

    def summary(self):
        print("\nminutes  checks  stage")
        for row in self._stages:
            mark = "" if not row["failed"] else f"   {row['failed']} failed"
            print(f"{row['seconds'] / 60:7.1f} {row['passed'] + row['failed']:7d}"
                  f"  {row['name']}{mark}")
        total = sum(row["seconds"] for row in self._stages)
        print(f"{total / 60:7.1f}          in all")
        for what in dict.fromkeys(self._failures):
            print(f"failed: {what}")
        print(f"\n{self._passed} passed, {len(self._failures)} failed", flush=True)
