"""A control plane with Muster installed, replicas of the operator, and the bare client."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import harness
import scrape
from kube_client import ApiError, Kube, path_of
from leader_mark import lead

from .audit import Audit, by_operator, is_write

POLICY = harness.ROOT / "tests" / "cluster" / "audit" / "metadata.yaml"
OPERATOR = harness.program_path()
FLOOR_CLIENT = harness.ROOT / "build" / "release" / "floor_client"
IN_FLIGHT = 64  # of the operator (client.maxInFlight) and of the bare client alike
TENANT = "bench"
# No node goes silent here; the heartbeats of a thousand nodes would be most of what is measured.
NODE_GRACE_SECONDS = 600


class BenchError(Exception):
    """A measurement cannot be made; the message says why."""


def wait_for(what, check, seconds, interval=0.25):
    """The first true answer of check()."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise BenchError(f"no {what} within {seconds:.0f} s")
        time.sleep(interval)


class House:
    def __init__(self, nodes, namespaces=("bench", "floor")):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-bench-"))
        self.dir = self.folder / "cluster"
        self.namespaces = namespaces
        self.replicas = []
        self._clients = []  # of bare_start()
        try:
            harness.run_tool("up", "--dir", self.dir, "--nodes", nodes, "--gpus-per-node", 8,
                             "--cpu", 32, "--node-grace", NODE_GRACE_SECONDS,
                             "--audit", "--audit-policy", POLICY, "--quiet")
            self.kube = Kube(self.dir / "kubeconfig" / "admin.kubeconfig")
            self.audit = Audit(self.dir / "audit" / "audit.log")
            harness.install(self.kube)
            for name in namespaces:
                self.kube.make("Namespace", {"apiVersion": "v1", "kind": "Namespace",
                                             "metadata": {"name": name}})
            self.kube.make("Tenant", {
                "apiVersion": "scheduler.io/v1", "kind": "Tenant", "metadata": {"name": TENANT},
                "spec": {"namespaces": list(namespaces),
                         "resourceQuota": {"cpu": 1_000_000, "memory": "1000Ti", "gpu": 100_000}}})
            self._claim()
        except BaseException:
            self.close()
            raise

    # ---- The operator ----

    def credentials(self, name):
        path = self.dir / "kubeconfig" / f"{name}.kubeconfig"
        if not path.exists():
            harness.run_tool("kubeconfig", "--dir", self.dir, "--user", f"system:muster:{name}",
                             "--group", harness.OPERATORS, "--output", path)
        return path

    def start(self, index=0, lead=True, flags=()):
        """A replica; with `lead` returns once it leads."""
        replica = harness.Replica(self, index, flags)
        self.replicas.append(replica)
        if lead:
            self.wait_leader(replica)
        return replica

    def wait_leader(self, replica, seconds=60):
        def leads():
            self.require(replica)
            return self.leads(replica)
        wait_for("leader", leads, seconds)

    def leads(self, replica):
        """By its own word: "leader" in /readyz?verbose is "leading"."""
        text = self.read(replica, "/readyz?verbose")
        return bool(re.search(r"\bleading\b", text or ""))

    def read(self, replica, path):
        """Text of one endpoint; None while it does not answer."""
        try:
            return scrape.read(replica, path)[1]
        except OSError:
            return None

    def metrics(self, replica):
        return scrape.Metrics(self.read(replica, "/metrics") or "")

    def require(self, replica):
        if not replica.alive():
            raise BenchError(f"{replica.name} ended with {replica.process.returncode}\n"
                             f"{replica.tail(15)}")

    def until(self, replica, value, seconds, name, **labels):
        """Waits until a counter of the replica's has this value."""
        def reached():
            self.require(replica)
            return self.metrics(replica).sum(name, **labels) >= value
        wait_for(f"{name} {labels} of {value:.0f}", reached, seconds, 0.5)

    def writes_during(self, seconds):
        """What the operator writes from now on, leases apart."""
        mark = self.audit.mark()
        time.sleep(seconds)
        return [event for event in self.audit.since(mark)
                if by_operator(event) and is_write(event) and event.resource != "leases"]

    def stop(self, replica, sig=signal.SIGTERM):
        replica.stop(sig, timeout=20)
        self.replicas.remove(replica)

    def _claim(self):
        """Lets an operator claim the tenant's namespaces and render into them, then stops it."""
        replica = self.start()
        wait_for("claimed namespaces", self._claimed, 60)
        time.sleep(1)
        self.stop(replica)

    def _claimed(self):
        spaces = self.kube.get(path_of("Namespace"))["items"]
        return sum(item["metadata"].get("labels", {}).get("scheduler.io/tenant") == TENANT
                   for item in spaces) >= len(self.namespaces)

    # ---- The bare client ----

    def lead(self):
        """The fence lets the bare client write as operator-0; returns the epoch."""
        epoch = lead(self.kube, Kube(self.credentials("operator-0")), "operator-0")
        time.sleep(0.5)  # until the admission plugin has seen it
        return epoch

    def bare(self, mode, body=None, user="operator-0", **options):
        """Runs floor_client to its end."""
        process = self.bare_start(mode, body, user, **options)
        out, _ = process.communicate()
        if process.returncode:
            raise BenchError(f"floor_client {mode} ended with {process.returncode}: {out.strip()}")
        return json.loads(out)

    def bare_start(self, mode, body=None, user="operator-0", **options):
        words = [FLOOR_CLIENT, mode, "--kubeconfig", self.credentials(user)]
        if body is not None:
            path = self.folder / f"body-{time.monotonic_ns()}.json"
            path.write_text(json.dumps(body))
            words += ["--body", path]
        for name, value in {"in_flight": IN_FLIGHT, "tenant": TENANT, **options}.items():
            words += ["--" + name.replace("_", "-"), value]
        process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True,
                                   preexec_fn=harness.die_with_parent)
        self._clients = [p for p in self._clients if p.poll() is None] + [process]
        return process

    # ---- Clearing up ----

    def reset(self):
        """What a benchmark that failed left running and lying about is gone."""
        self._end_all()
        for namespace in self.namespaces:
            self.wipe(namespace)
        self._drop_lease()

    def _drop_lease(self):
        """Of a leader that was killed: the next one need not wait it out."""
        try:
            self.kube.delete(path_of("Lease", harness.SYSTEM, "muster-operator"))
        except ApiError as error:
            if error.code != 404:
                raise

    def _end_all(self):
        for process in self._clients:
            process.kill()
            process.wait()
        for replica in list(self.replicas):
            self.stop(replica, signal.SIGKILL)

    def wipe(self, namespace):
        """Jobs, pods and events of a namespace go; returns when none is left."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
                   "propagationPolicy": "Background"}
        for kind in ("Job", "Pod", "Event"):
            wait_for(f"end of the {kind}s of {namespace}",
                     lambda k=kind: self._deleted(path_of(k, namespace), options), 600)
        for kind in ("Job", "Pod"):
            wait_for(f"empty {namespace}", lambda k=kind: not self.kube.get(
                path_of(k, namespace) + "?limit=1")["items"], 120)

    def _deleted(self, path, options):
        """Whether the collection was deleted as a whole: the API server gives up after a minute."""
        try:
            self.kube.request("DELETE", path, options, timeout=90)
        except OSError:
            return False
        except ApiError as error:
            if error.code != 504:
                raise
            return False
        return True

    def close(self):
        self._end_all()
        harness.run_tool("down", "--dir", self.dir)
        shutil.rmtree(self.folder, ignore_errors=True)


def job_body(replicas=1, seconds=None, cpu="500m", suspend=False):
    """A Job in the short form; @NAME@ is put in by the bare client.  Without `seconds` its pods run
    for ever."""
    # Simulated kubelets may need minutes for thousands of pods; nothing is to start twice for that.
    spec = {"image": "registry.example/work:1", "resources": {"cpu": cpu}, "replicas": replicas,
            "gang": {"timeoutSeconds": 3600}}
    if seconds is not None:
        spec["command"] = ["sleep", str(seconds)]
    if suspend:
        spec["suspend"] = True
    return {"apiVersion": "scheduler.io/v1", "kind": "Job", "metadata": {"name": "@NAME@"},
            "spec": spec}
