"""Starts and stops long-lived processes by pid, across runs of the tool.

Each process has a record run/NAME.json: its argv (kept while it is stopped, so that it can be
started again), its pid and its start time in clock ticks. A pid whose start time differs belongs
to somebody else and is never signalled.
"""

import json
import os
import signal
import subprocess
import time

from .errors import ClusterError


class Processes:
    """The processes of one cluster directory."""

    def __init__(self, directory):
        self._run = directory / "run"
        self._logs = directory / "logs"

    def start(self, name, argv):
        """Starts argv in a session of its own; its output is appended to logs/NAME.log."""
        self._run.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        if self.alive(name):
            raise ClusterError(f"{name} already runs (pid {self.pid(name)})")
        with open(self.log_path(name), "ab") as log:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        self._write(name, {"argv": argv, "pid": child.pid, "start": _start_ticks(child.pid)})
        # The child outlives this object on purpose; poll() elsewhere reaps it if it dies first.
        child.returncode = 0

    def restart(self, name):
        """Starts a stopped process again with the argv it had."""
        record = self._read(name)
        if record is None:
            raise ClusterError(f"this cluster has no {name}")
        self.start(name, record["argv"])

    def stop(self, name, deadline=10.0, sig=signal.SIGTERM):
        """Sends sig, waits, then SIGKILLs the whole group. True if something was running."""
        if not self.signal(name, sig):
            return False
        self.wait_gone(name, deadline)
        return True

    def wait_gone(self, name, deadline):
        end = time.monotonic() + deadline
        while self.alive(name):
            if time.monotonic() > end:
                self.signal(name, signal.SIGKILL)
                end = time.monotonic() + 10
            time.sleep(0.01)
        record = self._read(name)
        self._write(name, {"argv": record["argv"], "pid": None, "start": None})

    def signal(self, name, sig):
        """Signals the process group; False if the process is not running."""
        if not self.alive(name):
            return False
        try:
            os.killpg(self.pid(name), sig)
        except ProcessLookupError:
            return False
        return True

    def pid(self, name):
        record = self._read(name)
        return record["pid"] if record else None

    def alive(self, name):
        record = self._read(name)
        if not record or not record["pid"]:
            return False
        _reap(record["pid"])
        ticks = _start_ticks(record["pid"])
        return ticks is not None and ticks == record["start"]

    def names(self):
        if not self._run.is_dir():
            return []
        return sorted(path.stem for path in self._run.glob("*.json"))

    def forget(self, name):
        (self._run / f"{name}.json").unlink(missing_ok=True)

    def log_path(self, name):
        return self._logs / f"{name}.log"

    def log_tail(self, name, lines=15):
        try:
            text = self.log_path(name).read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _read(self, name):
        try:
            return json.loads((self._run / f"{name}.json").read_text())
        except FileNotFoundError:
            return None

    def _write(self, name, record):
        path = self._run / f"{name}.json"
        scratch = path.with_suffix(".tmp")
        scratch.write_text(json.dumps(record))
        os.replace(scratch, path)


def _reap(pid):
    """A child of ours that died is a zombie until it is waited for; others are not ours to wait."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _start_ticks(pid):
    """Start time of a living process, None for a dead one or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A zombie whose other threads still end holds its ports until the last one is gone.
    gone = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if gone else int(fields[19])
