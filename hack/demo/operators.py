"""The two replicas of the operator, as programs on this machine."""

import os

from . import install, processes
from .kubectl import LEASE, RELEASE, ROOT, SYSTEM, DemoError

PROGRAM = ROOT / "build" / "release" / "muster-operator"


def start(kubectl, state):
    """Starts both and waits until one leads and both say that they are ready."""
    if not PROGRAM.exists():
        raise DemoError(f"{PROGRAM.relative_to(ROOT)} is not there; `make build`")
    started = []
    for index in range(install.REPLICAS):
        port = processes.free_port()
        words = [PROGRAM, "--kubeconfig", install.credentials(kubectl, state, index),
                 "--namespace", SYSTEM, "--identity", install.identity(index),
                 "--listen", f"127.0.0.1:{port}", "--lease-name", LEASE,
                 "--tenant-role-prefix", RELEASE,
                 *os.environ.get("OPERATOR_FLAGS", "").split()]
        name = install.identity(index)
        process = processes.start(state, name, words, port=port)
        started.append((name, process, port))
    for name, process, port in started:
        log = processes.DIRECTORY / f"{name}.log"
        processes.wait_for(f"{name} ready", lambda p=port: processes.answers(
            f"http://127.0.0.1:{p}/readyz"), process, log)
    processes.wait_for("a leader", lambda: bool(install.lease_holder(kubectl)))
    return install.lease_holder(kubectl)


def forget_credentials():
    """The tokens of the replicas; their logs stay."""
    for path in processes.DIRECTORY.glob("*.kubeconfig"):
        path.unlink()


def running(state):
    return [row for row in state.processes() if row["name"].startswith("operator-")]
