"""Starts the demo's own programs in the background and stops them, by pid."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from .kubectl import DemoError
from .state import DIRECTORY, ticks


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(state, name, words, **more):
    """Runs `words` detached, its output in .muster/demo/NAME.log, and records it."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    log = DIRECTORY / f"{name}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=out, start_new_session=True, cwd=DIRECTORY)
    state.add_process(name, process.pid, log=str(log), **more)
    return process


def wait_for(what, check, process=None, log=None, seconds=30):
    """Until check() is true; a process that ends meanwhile is told with the end of its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise DemoError(f"{what}: the program ended with {process.returncode}\n{tail(log)}")
        if check():
            return
        time.sleep(0.1)
    raise DemoError(f"{what}: not within {seconds} s\n{tail(log) if log else ''}")


def tail(path, lines=15):
    with open(path, encoding="utf-8", errors="replace") as text:
        return "".join(text.readlines()[-lines:])


def answers(url):
    """Whether an HTTP server says 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def stop_all(state, seconds=10):
    """SIGTERM to all, newest first; SIGKILL to what is there after `seconds`."""
    rows = list(reversed(state.processes()))
    for number in (signal.SIGTERM, signal.SIGKILL):
        for row in rows:
            if ticks(row["pid"]) == row["ticks"]:
                os.kill(row["pid"], number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(ticks(r["pid"]) == r["ticks"] for r in rows):
            time.sleep(0.05)
    state.data["processes"] = []
    return len(rows)
