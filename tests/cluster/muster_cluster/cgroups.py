"""The control groups under which a cluster's real nodes run their pods (cgroup v1 and v2)."""

import contextlib
import hashlib
import os
import pathlib
import time

MOUNT = pathlib.Path("/sys/fs/cgroup")
V2_CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")


def root(directory):
    """Name of the group that holds all nodes of the cluster in directory."""
    return "muster-" + hashlib.sha256(str(directory).encode()).hexdigest()[:8]


def is_v2():
    return (MOUNT / "cgroup.controllers").exists()


def _hierarchies():
    if is_v2():
        return [MOUNT]
    return [path for path in MOUNT.iterdir() if path.is_dir() and not path.is_symlink()]


def create(name):
    """Makes NAME (may hold /) in every hierarchy."""
    for hierarchy in _hierarchies():
        path = hierarchy
        for part in name.strip("/").split("/"):
            if is_v2():
                _delegate(path)
            parent, path = path, path / part
            path.mkdir(exist_ok=True)
            if hierarchy.name == "cpuset":
                for setting in ("cpuset.cpus", "cpuset.mems"):
                    (path / setting).write_text((parent / setting).read_text())


def _delegate(path):
    for controller in V2_CONTROLLERS:
        with contextlib.suppress(OSError):
            (path / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name, deadline=10.0):
    """Removes NAME and all below it, once its last process is gone."""
    end = time.monotonic() + deadline
    for hierarchy in _hierarchies():
        top = hierarchy / name.strip("/")
        while top.exists() and time.monotonic() < end:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            if top.exists():
                time.sleep(0.05)
