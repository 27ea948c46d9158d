"""The control groups under which a cluster's real nodes run their pods (cgroup v1 and v2)."""

import contextlib
import hashlib
import os
import pathlib
import time

from .errors import ClusterError

MOUNT = pathlib.Path("/sys/fs/cgroup")
# The kubelet refuses a group that lacks one of these which the machine has (io is for runc).
V2_CONTROLLERS = ("cpu", "cpuset", "hugetlb", "io", "memory", "pids")


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
        if is_v2():
            _require_controllers(path)


def _delegate(path):
    for controller in V2_CONTROLLERS:
        with contextlib.suppress(OSError):
            (path / "cgroup.subtree_control").write_text(f"+{controller}")


def _require_controllers(path):
    """In a container the top group holds processes, and then passes no controller on."""
    there, here = (set((group / "cgroup.controllers").read_text().split())
                   for group in (MOUNT, path))
    missing = there.intersection(V2_CONTROLLERS) - here
    if missing:
        raise ClusterError(f"{path}: control group controllers {', '.join(sorted(missing))} cannot be"
                           f" passed on from {MOUNT}; real nodes need the machine's own top group")


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
