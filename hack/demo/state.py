"""What the demo has started and made, in .muster/demo/state.json (or
below MUSTER_STATE), so that `make stop` finds it."""

import json
import os
import pathlib

from .kubectl import ROOT

BASE = pathlib.Path(os.environ.get("MUSTER_STATE") or ROOT / ".muster")
DIRECTORY = BASE / "demo"
CLUSTER_DIR = BASE / "cluster"
FILE = DIRECTORY / "state.json"


class State:
    """Keys: own_cluster, kubeconfig, context, processes [{name, pid, ticks, …}], made_crds."""

    def __init__(self):
        self.data = json.loads(FILE.read_text()) if FILE.exists() else {}

    def __bool__(self):
        return bool(self.data)

    def save(self):
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        scratch = FILE.with_suffix(".tmp")
        scratch.write_text(json.dumps(self.data, indent=1))
        os.replace(scratch, FILE)

    def forget(self):
        FILE.unlink(missing_ok=True)
        self.data = {}

    def processes(self):
        """Those that still run: a pid counts only with the start time it was recorded with."""
        return [row for row in self.data.get("processes", []) if ticks(row["pid"]) == row["ticks"]]

    def add_process(self, name, pid, **more):
        row = {"name": name, "pid": pid, "ticks": ticks(pid), **more}
        self.data.setdefault("processes", []).append(row)
        self.save()


def ticks(pid):
    """Start time of a process in clock ticks after boot; None when there is none, or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as text:
            fields = text.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
