"""A control plane for tests of CRDs and admission: the one of MUSTER_TEST_KUBECONFIG, or a new one."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "cluster"))

from muster_cluster.api import Api, ApiError  # noqa: E402

GROUP = "/apis/scheduler.io/v1"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/muster-system/leases"


class As(Api):
    """Requests in the name of somebody else."""

    def __init__(self, kubeconfig, user, group=None, pod=None):
        super().__init__(kubeconfig)
        self._who = {"Impersonate-User": user}
        if group:
            self._who["Impersonate-Group"] = group
        if pod:
            self._who["Impersonate-Extra-authentication.kubernetes.io%2fpod-name"] = pod

    def _exchange(self, verb, path, payload, headers, timeout):
        return super()._exchange(verb, path, payload, {**headers, **self._who}, timeout)


class ControlPlane:
    """`kubeconfig`, and `close()`, which stops what it started."""

    def __init__(self):
        self.kubeconfig = os.environ.get("MUSTER_TEST_KUBECONFIG")
        self._folder = None
        if self.kubeconfig:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="muster-crd-")
        self._tool = ROOT / "tests" / "cluster" / "cluster"
        self._dir = self._folder.name + "/cluster"
        subprocess.run([self._tool, "up", "--dir", self._dir, "--no-kwok", "--quiet"], check=True)
        self.kubeconfig = self._dir + "/kubeconfig/admin.kubeconfig"

    def close(self):
        if self._folder:
            subprocess.run([self._tool, "down", "--dir", self._dir], check=True)
            self._folder.cleanup()


def documents(path):
    with open(path, encoding="utf-8") as text:
        return [document for document in yaml.safe_load_all(text) if document]


def eventually(check, timeout=10):
    """Calls `check` until it returns something true; its last answer or error when time is up."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            answer = check()
            if answer or time.monotonic() > deadline:
                return answer
        except (ApiError, OSError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def apply(api, path, name, body):
    """Server-side apply; creates or updates."""
    return api.request("PATCH", f"{path}/{name}?fieldManager=test&force=true", body,
                       "application/apply-patch+yaml")


def install_crds(api):
    base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = []
    for file in sorted((ROOT / "crds").glob("*.yaml")):
        for crd in documents(file):
            names.append(crd["metadata"]["name"])
            apply(api, base, names[-1], crd)
    for name in names:
        def established(name=name):
            conditions = api.get(f"{base}/{name}").get("status", {}).get("conditions", [])
            return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
        assert eventually(established), f"{name} is not established"
        plural = name.split(".")[0]
        eventually(lambda plural=plural: api.get(f"{GROUP}/{plural}"))


def install_policies(api):
    base = "/apis/admissionregistration.k8s.io/v1"
    for file in sorted((ROOT / "manifests" / "base" / "admission").glob("*.yaml")):
        for policy in documents(file):
            kind = policy["kind"].lower()
            plural = kind[:-1] + "ies" if kind.endswith("y") else kind + "s"
            apply(api, f"{base}/{plural}", policy["metadata"]["name"], policy)
