"""A house for end-to-end tests: a real control plane with Muster installed and its replicas running.

Replicas are processes of this one, with a client certificate each; they end with it, whatever ends
it.  The program is $MUSTER_OPERATOR or build/release/muster-operator; without it nothing is tested
and everything fails.  MUSTER_E2E_KEEP=1 leaves logs behind (and says where).
"""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import yaml

from audit_log import AuditLog
from kube_client import ApiError, Kube, Mirror, path_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "tests" / "cluster" / "cluster"
SYSTEM = "muster-system"
OPERATORS = "muster:operators"
PR_SET_PDEATHSIG = 1
LISTENING = re.compile(r'listening.*port="?(\d+)')
# Long enough for a machine that does many things at once: losing the lease is not what is tested.
LEASE_FLAGS = ["--lease-duration", "30s", "--lease-renew-deadline", "25s",
               "--lease-retry-period", "1s"]


def program_path():
    return pathlib.Path(os.environ.get("MUSTER_OPERATOR") or
                        ROOT / "build" / "release" / "muster-operator")


def program():
    path = program_path()
    if not os.access(path, os.X_OK):
        raise AssertionError(f"the operator is not built: {path} (or set MUSTER_OPERATOR)")
    return path


def run_tool(*arguments):
    done = subprocess.run([sys.executable, str(CLUSTER), *map(str, arguments)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise AssertionError(f"cluster {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout.strip()


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def name_of(identity):
    """Replica of a holderIdentity."""
    return identity.rpartition("_")[0].removeprefix("system:muster:")


class Replica:
    """One operator process."""

    def __init__(self, house, index, flags=()):
        self.name = f"operator-{index}"
        self.log = house.folder / f"{self.name}-{time.monotonic_ns()}.log"
        words = [program(), "--kubeconfig", house.credentials(self.name), "--identity",
                 f"system:muster:{self.name}", "--listen", "127.0.0.1:0", *flags,
                 *(LEASE_FLAGS if "--lease-duration" not in flags else ())]
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                list(map(str, words)), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, preexec_fn=die_with_parent, cwd=house.folder)
        self.pid = self.process.pid
        self.ended = False  # by us

    def alive(self):
        return self.process.poll() is None

    def url(self):
        found = LISTENING.search(self.log.read_text(errors="replace"))
        return f"http://127.0.0.1:{found.group(1)}" if found else None

    def stop(self, sig=signal.SIGTERM, timeout=10):
        """Ends it and returns its exit code."""
        self.ended = True
        if self.alive():
            self.process.send_signal(sig)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def tail(self, lines=60):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class House:
    """One cluster and its replicas.  close() leaves no process behind."""

    def __init__(self, nodes=8, replicas=1, flags=(), up_options=()):
        program()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-e2e-"))
        self.dir = self.folder / "cluster"
        self.replicas = []
        self.flags = flags
        self.mirror = None
        self._lock = threading.Lock()
        try:
            labels = self.folder / "labels.yaml"
            labels.write_text(yaml.safe_dump({f"node-{i:03d}": {"pool": "common"}
                                              for i in range(nodes)}))
            run_tool("up", "--dir", self.dir, "--nodes", nodes, "--labels-file", labels, "--audit",
                     "--quiet", *up_options)
            self.kube = Kube(self.dir / "kubeconfig" / "admin.kubeconfig")
            self._audit = AuditLog(self.dir / "audit" / "audit.log")
            install(self.kube)
            self.mirror = Mirror(self.kube, self.require_alive)
            for _ in range(replicas):
                self.start_replica(flags)
            self.wait_leader()
        except BaseException:
            self.close(ok=False)
            raise

    # ---- Replicas ----

    def start_replica(self, flags=()):
        replica = Replica(self, len(self.replicas), flags)
        self.replicas.append(replica)
        return replica

    def credentials(self, name):
        path = self.dir / "kubeconfig" / f"{name}.kubeconfig"
        if not path.exists():
            run_tool("kubeconfig", "--dir", self.dir, "--user", f"system:muster:{name}",
                     "--group", OPERATORS, "--output", path)
        return path

    def holder(self):
        """Name of the replica that has the lease, or ""."""
        return name_of(self.holder_identity())

    def holder_identity(self):
        leases = self.kube.get(path_of("Lease", SYSTEM))["items"]
        for lease in leases:
            if lease["metadata"]["name"] == "muster-operator":
                return lease["spec"].get("holderIdentity") or ""
        return ""

    def wait_leader(self, timeout=60):
        return self.mirror.wait(lambda: "leader", self.holder, timeout)

    def hand_over(self):
        """The leader ends as it is told to, and another leads; there are as many as before."""
        before = self.holder()
        next(r for r in self.replicas if r.name == before).stop()
        self.start_replica(self.flags)
        self.mirror.wait(lambda: "another leader", lambda: self.holder() not in ("", before), 60)

    def require_alive(self):
        for replica in self.replicas:
            if not replica.ended and not replica.alive():
                raise AssertionError(f"{replica.name} ended with {replica.process.returncode}")

    # ---- The cluster ----

    def tool(self, command, *arguments):
        return run_tool(command, "--dir", self.dir, *arguments)

    def kubectl(self, *arguments, text=None, check=True, timeout=120):
        """Runs kubectl as admin; the finished process."""
        with self._lock:
            binary = getattr(self, "_kubectl", None) or run_tool("path", "kubectl")
            self._kubectl = binary
        stdin = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        environment = dict(os.environ, HOME=str(self.folder),
                           KUBECONFIG=str(self.dir / "kubeconfig" / "admin.kubeconfig"))
        done = subprocess.run([binary, *map(str, arguments)], text=True, capture_output=True,
                              env=environment, check=False, timeout=timeout, **stdin)
        if check and done.returncode:
            raise AssertionError(f"kubectl {arguments}: {done.stderr.strip()}")
        return done

    def writes(self):
        """All writes so far, by the audit log."""
        with self._lock:
            return list(self._audit.writes())

    def close(self, ok=True):
        if self.mirror:
            self.mirror.close()
        for replica in self.replicas:
            replica.stop(signal.SIGKILL)
            if not ok:
                print(f"---- {replica.name}\n{replica.tail()}", file=sys.stderr, flush=True)
        keep = os.environ.get("MUSTER_E2E_KEEP")
        try:
            run_tool("down", "--dir", self.dir, *(["--keep"] if keep else []))
        finally:
            if keep:
                print(f"logs are in {self.folder}", file=sys.stderr)
            else:
                shutil.rmtree(self.folder, ignore_errors=True)


# ---- Installing Muster ----

def documents(path):
    with open(path, encoding="utf-8") as text:
        return [document for document in yaml.safe_load_all(text) if document]


def plural_of(kind):
    kind = kind.lower()
    return kind[:-1] + "ies" if kind.endswith("y") else kind + "s"


def install(kube):
    """CRDs, namespace, roles and admission policies of manifests/base; no Deployment."""
    kube.apply(path_of("Namespace", name=SYSTEM), {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    base = ROOT / "manifests" / "base"
    crds = [crd for file in sorted((ROOT / "crds").glob("*.yaml")) for crd in documents(file)]
    policies = [item for file in sorted((base / "admission").glob("*.yaml"))
                for item in documents(file)]
    roles = [item for item in documents(base / "muster.yaml")
             if item["apiVersion"].startswith("rbac.")]
    for item in crds + policies + roles:
        if item["kind"].endswith("RoleBinding"):
            item["subjects"] = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                                 "name": OPERATORS}]
        space = item["metadata"].get("namespace")
        middle = f"/namespaces/{space}" if space else ""
        kube.apply(f"/apis/{item['apiVersion']}{middle}/{plural_of(item['kind'])}/"
                   f"{item['metadata']['name']}", item)
    for crd in crds:
        _wait_served(kube, crd)
    wait_admitted(kube)


def wait_admitted(kube):
    """Admission policies learn of our kinds with a delay, also where the API server has just started:
    until then every Job is refused."""
    probe = {"apiVersion": "scheduler.io/v1", "kind": "Job", "spec": {"image": "busybox:1.36"},
             "metadata": {"name": "probe", "namespace": "default"}}
    end = time.monotonic() + 60
    while True:
        try:
            kube.create(path_of("Job", "default") + "?dryRun=All", probe)
            return
        except ApiError as error:
            if "not found" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.1)


def _wait_served(kube, crd):
    path = ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + crd["metadata"]["name"])
    end = time.monotonic() + 30
    while time.monotonic() < end:
        conditions = kube.get(path).get("status", {}).get("conditions") or []
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return
        time.sleep(0.05)
    raise AssertionError(f"{crd['metadata']['name']} is not served")
