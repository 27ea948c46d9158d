"""End to end: every tests/e2e/*_test.py and tests/cluster/*_test.py as a program of its own.

A file may state `LIMIT_SECONDS = n` on a line of its own (default 300).  Counts come from what
unittest prints; a skipped test is a failed one, because here everything it needs is there.
"""

import os
import pathlib
import re

from .proc import Command

RUNNER = pathlib.Path(__file__).with_name("run_test.py")

RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
VERDICT = re.compile(r"^(?:OK|FAILED)(?: \(([^)]*)\))?$", re.M)
LIMIT = re.compile(r"^LIMIT_SECONDS\s*=\s*(\d+)", re.M)


def discover(root):
    files = sorted(root.glob("tests/e2e/*_test.py")) + sorted(root.glob("tests/cluster/*_test.py"))
    return files


def limit_of(path, default=300):
    """None in a campaign, which takes as long as it takes."""
    if os.environ.get("MUSTER_CAMPAIGN"):
        return None
    found = LIMIT.search(path.read_text())
    return int(found.group(1)) if found else default


def words_of(path):
    """The command line of one file."""
    return ["python3", RUNNER, path, "-v"]


def counts(text):
    """(ran, bad) of one unittest run, or None where it printed no result."""
    ran, verdict = RAN.search(text), VERDICT.search(text)
    if not ran or not verdict:
        return None
    bad = 0
    for word in (verdict.group(1) or "").split(","):
        name, _, number = word.strip().partition("=")
        if name in ("failures", "errors", "skipped", "unexpected successes"):
            bad += int(number)
    return int(ran.group(1)), bad


def run(root, logs, tally, only=""):
    """Runs them one after another; `only` is part of a file's name."""
    files = [path for path in discover(root) if only in path.name]
    for path in files:
        name = path.relative_to(root).as_posix()
        command = Command(words_of(path), logs / f"{path.parent.name}-{path.stem}.log", cwd=root,
                          limit=limit_of(path))
        command.log.unlink(missing_ok=True)
        code = command.run()
        found = counts(command.text())
        if found is None:
            tally.failed(f"{name} ended with {code} and no result", command.tail())
            continue
        ran, bad = found
        tally.passed(max(0, ran - bad))
        if bad or code or not ran:
            tally.failed(f"{name}: {bad} of {ran} failed, exit code {code}", command.tail(),
                         max(1, bad))
        print(f"   {name}: {ran - bad} of {ran} in {command.seconds:.0f} s", flush=True)
