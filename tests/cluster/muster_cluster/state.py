"""What a cluster directory holds: DIR/cluster.json and the names of the files beside it."""

import contextlib
import fcntl
import json
import os
import pathlib

from .errors import ClusterError


class State:
    """One cluster directory. `data` is cluster.json: ports, options, users, written by save()."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        self.data = {}

    @property
    def exists(self):
        return (self.dir / "cluster.json").exists()

    def load(self):
        try:
            self.data = json.loads((self.dir / "cluster.json").read_text())
        except FileNotFoundError as error:
            raise ClusterError(f"no cluster in {self.dir}; `cluster up` starts one") from error
        return self

    def save(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        scratch = self.dir / "cluster.json.tmp"
        scratch.write_text(json.dumps(self.data, indent=1))
        os.replace(scratch, self.dir / "cluster.json")

    @contextlib.contextmanager
    def lock(self):
        """One tool at a time changes a cluster; a second one waits."""
        self.dir.mkdir(parents=True, exist_ok=True)
        with open(self.dir / "lock", "w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def kubeconfig(self, name):
        return self.dir / "kubeconfig" / f"{name}.kubeconfig"

    @property
    def server(self):
        return f"https://127.0.0.1:{self.data['ports']['apiserver']}"

    @property
    def audit_log(self):
        return self.dir / "audit" / "audit.log"
