"""End to end: every tests/e2e/*_test.py and tests/cluster/*_test.py as a program of its own.

A file may state `LIMIT_SECONDS = n` on a line of its own (default 300).  Two run at a time, because
each waits more than it computes.  Counts come from what unittest prints; a skipped test is a failed
one, because here everything it needs is there.
"""

import concurrent.futures
import os
import pathlib
import re

from .proc import Command

RUNNER = pathlib.Path(__file__).with_name("run_test.py")

RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
VERDICT = re.compile(r"^(?:OK|FAILED)(?: \(([^)]*)\))?$", re.M)
FAILURE = re.compile(r"^={70}\n((?:FAIL|ERROR): .*)\n(?:.*\n)??-{70}\n((?:.*\n)*?)\n*(?=={70}\n|-{70}\n)",
                     re.M)
MOST_LINES = 60
LIMIT = re.compile(r"^LIMIT_SECONDS\s*=\s*(\d+)", re.M)
DEFAULT_LIMIT = 300
LANES = 2


def discover(root):
    files = sorted(root.glob("tests/e2e/*_test.py")) + sorted(root.glob("tests/cluster/*_test.py"))
    return files


def stated_limit(path):
    found = LIMIT.search(path.read_text())
    return int(found.group(1)) if found else DEFAULT_LIMIT


def campaign():
    return bool(os.environ.get("MUSTER_CAMPAIGN"))


def limit_of(path):
    """None in a campaign, which takes as long as it takes."""
    return None if campaign() else stated_limit(path)


def plan(files):
    """How many at a time, and in which order: the long ones first, so that both lanes end together.
    A campaign judges more times than the gate, and runs them one by one."""
    if campaign():
        return 1, files
    return LANES, sorted(files, key=stated_limit, reverse=True)


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


def failures(text):
    """What failed in one unittest run and the end of why, as a text; it comes before all that a program
    may print at its end."""
    return "\n".join("\n".join([found[1], *found[2].splitlines()[-MOST_LINES:]])
                     for found in FAILURE.finditer(text))


def run_all(commands, lanes):
    """Yields (command, exit code) as they end; an exception ends those that run, in order."""
    pool = concurrent.futures.ThreadPoolExecutor(lanes)
    futures = {}
    try:
        futures = {pool.submit(command.run): command for command in commands}
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for future in futures:
            while not future.done():  # its command may just be starting
                for command in commands:
                    command.cancel()
                concurrent.futures.wait([future], timeout=0.1)


def judge(name, command, code, tally):
    found = counts(command.text())
    if found is None:
        tally.failed(f"{name} ended with {code} and no result", command.tail())
        return
    ran, bad = found
    tally.passed(max(0, ran - bad))
    if bad or code or not ran:
        tally.failed(f"{name}: {bad} of {ran} failed, exit code {code}",
                     failures(command.text()) or command.tail(), max(1, bad))
    print(f"   {name}: {ran - bad} of {ran} in {command.seconds:.0f} s", flush=True)


def run(root, logs, tally, only=""):
    """`only` is part of a file's name."""
    lanes, files = plan([path for path in discover(root) if only in path.name])
    names = {}
    for path in files:
        command = Command(words_of(path), logs / f"{path.parent.name}-{path.stem}.log", cwd=root,
                          limit=limit_of(path))
        command.log.unlink(missing_ok=True)
        names[command] = path.relative_to(root).as_posix()
    for command, code in run_all(list(names), lanes):
        judge(names[command], command, code, tally)
