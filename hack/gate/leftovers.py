"""What a stage can leave behind besides processes: folders, mounts, control groups.

Everything that the gate starts gets a TMPDIR of its own, so whatever of Muster's lies in it at the
end is left over.  Control groups have names that hold for the whole machine: left over are those of
ours that were not there before and hold no process (others may run clusters of their own meanwhile).
"""

import contextlib
import os
import pathlib
import shutil
import tempfile

CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Leftovers:
    def __init__(self, cgroups=CGROUPS):
        self._cgroups = cgroups
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-gate-"))
        self._before = set(self._groups())

    def environment(self):
        return {"TMPDIR": str(self.folder)}

    def found(self):
        """One line a thing."""
        lines = [f"folder {path}" for path in sorted(self.folder.iterdir())
                 if "muster" in path.name]
        lines += [f"mount {point}" for point in mounts_below(self.folder)]
        lines += [f"control group {path}" for path in self._groups()
                  if path not in self._before and not has_process(path)]
        return lines

    def clear(self):
        """Nothing of this run disturbs the next one; what is mounted is left to people."""
        if not mounts_below(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _groups(self):
        return sorted([*self._cgroups.glob("muster-*"), *self._cgroups.glob("*/muster-*")])


def mounts_below(folder):
    points = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text()
              .splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


def has_process(group):
    """A group that vanishes meanwhile has none, and is none."""
    for inner, _, files in os.walk(group):
        if "cgroup.procs" in files:
            with contextlib.suppress(OSError):
                if (pathlib.Path(inner) / "cgroup.procs").read_text().strip():
                    return True
    return False
