"""A cluster with an audit log, Helm and kubectl on it: what the tests of the chart share."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from harness import ROOT, run_tool

CHART = ROOT / "charts" / "muster"
PATIENCE_SECONDS = 120  # of one command
PROBE = """
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: probe, namespace: default}
spec: {image: "busybox:1.36"}
"""


def until(what, check, seconds=60):
    """The first true answer of check()."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")


class Release:
    """Starts a cluster in a directory of its own; down() ends it."""

    def __init__(self, *up_options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-chart-"))
        self.dir = self.folder / "cluster"
        self._tools = {name: run_tool("path", name) for name in ("helm", "kubectl")}
        try:
            run_tool("up", "--dir", self.dir, "--quiet", "--audit", *up_options)
        except AssertionError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.kubeconfig = run_tool("kubeconfig", "--dir", self.dir)
        self._env = dict(os.environ, KUBECONFIG=self.kubeconfig, HELM_CACHE_HOME=str(self.folder),
                         HELM_CONFIG_HOME=str(self.folder), HELM_DATA_HOME=str(self.folder))

    def cluster(self, command, *arguments):
        """The cluster tool on this cluster."""
        return run_tool(command, *arguments, "--dir", self.dir)

    def down(self):
        keep = os.environ.get("MUSTER_E2E_KEEP")
        try:
            self.cluster("down", *(["--keep"] if keep else []))
        finally:
            if keep:
                print(f"logs are in {self.folder}", file=sys.stderr)
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def try_helm(self, *arguments):
        return self._run("helm", arguments, None)

    def helm(self, *arguments):
        return self._must("helm", arguments, None)

    def try_kubectl(self, *arguments, text=None):
        return self._run("kubectl", arguments, text)

    def kubectl(self, *arguments, text=None):
        return self._must("kubectl", arguments, text)

    def items(self, kinds, *arguments):
        return json.loads(self.kubectl("get", kinds, "-o", "json", *arguments))["items"]

    def use(self, *crds):
        """Lists, as an operator that runs does.  The API server that deletes a CRD which nobody has used
        may find its storage not ready yet, and then by a race not try again for five minutes."""
        for name in crds:
            self.items(name, "-A")

    def wait_established(self, crd):
        """`kubectl wait` fails at a CRD so new that it has null for conditions."""
        def established():
            found = json.loads(self.kubectl("get", "crd", crd, "-o", "json"))
            return any(c["type"] == "Established" and c["status"] == "True"
                       for c in found.get("status", {}).get("conditions") or [])
        until(f"{crd} to be served", established)

    def wait_admitted(self, seconds=60):
        """Admission policies learn of new kinds with a delay: until then every Job is refused."""
        until("Jobs to be admitted", lambda: not self.try_kubectl(
            "create", "--dry-run=server", "-f", "-", text=PROBE).returncode, seconds)

    def audit(self):
        """Every answered request so far, as the API server wrote it down; watches that go on too."""
        lines = (self.dir / "audit" / "audit.log").read_text().splitlines()
        return [event for event in map(json.loads, filter(None, lines))
                if event["stage"] == "ResponseComplete"
                or event["stage"] == "ResponseStarted" and event["verb"] == "watch"]

    def _run(self, tool, arguments, text):
        stdin = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        try:
            return subprocess.run([self._tools[tool], *map(str, arguments)], text=True, env=self._env,
                                  capture_output=True, check=False, timeout=PATIENCE_SECONDS, **stdin)
        except subprocess.TimeoutExpired as error:
            said = b"".join(filter(None, (error.stdout, error.stderr))).decode()
            raise AssertionError(f"{tool} {arguments}: not done after {PATIENCE_SECONDS} s\n{said}") \
                from None

    def _must(self, tool, arguments, text):
        done = self._run(tool, arguments, text)
        if done.returncode:
            raise AssertionError(f"{tool} {arguments}: exit {done.returncode}\n{done.stderr}")
        return done.stdout
