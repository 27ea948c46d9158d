"""Runs commands with their output in a log, and finds whatever outlives them.

The process makes itself the reaper of its orphans (Linux, prctl), so a program that a test started
and forgot becomes a child of ours instead of disappearing to init, and can be seen and stopped.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
TAIL_LINES = 120
CLEANUP_SECONDS = 60  # for a test that is stopped: it takes its cluster down


def become_reaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    """Pids of living (not zombie) children of this process."""
    living = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z":
            living.append(int(entry.name))
    return living


def reap_orphans():
    """Buries the dead that came to us; the init of a process namespace cannot end before that.
    REQUIRES: no Command is running, because its exit code would be lost."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def children_after(grace):
    """The children that are still there when those that are ending have ended."""
    deadline = time.monotonic() + grace
    while True:
        reap_orphans()
        left = children()
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.05)


def command_of(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return " ".join(word.decode(errors="replace") for word in words)[:160].strip()


def stop(pid, grace=5.0):
    """SIGTERM to one child of ours by its pid; then SIGKILL, to all of its group if it leads one."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            leads = number == signal.SIGKILL and os.getpgid(pid) == pid
            os.kill(-pid if leads else pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                return
            time.sleep(0.05)


class Command:
    """One command, its output in `log`; start() now, wait() later."""

    def __init__(self, words, log, cwd=None, env=None, limit=None):
        self.words = [str(word) for word in words]
        self.log = pathlib.Path(log)
        self.limit = limit
        self.seconds = 0.0
        self._cwd = cwd
        self._env = dict(os.environ, **(env or {}))
        self._process = None
        self._started = 0.0

    def start(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._cwd,
                env=self._env, start_new_session=True)
        self._started = time.monotonic()
        return self

    def wait(self):
        """The exit code; a command over its time limit is stopped, group and all, and gets 124."""
        try:
            code = self._process.wait(timeout=self.limit)
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGTERM)
            try:
                self._process.wait(timeout=CLEANUP_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal_group(signal.SIGKILL)
                self._process.wait()
            code = 124
        self.seconds = time.monotonic() - self._started
        return code

    def cancel(self):
        if self._process and self._process.poll() is None:
            self._signal_group(signal.SIGTERM)
            self.limit = CLEANUP_SECONDS
            self.wait()

    def run(self):
        return self.start().wait()

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self):
        return "\n".join(self.text().splitlines()[-TAIL_LINES:])

    def _signal_group(self, number):
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass
