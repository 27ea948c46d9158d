"""A control plane for tests of CRDs and admission: the one of MUSTER_TEST_KUBECONFIG, or a new one."""

import atexit
import functools
import os
import tempfile
import time

import harness
# Patient: admission learns of new kinds with a delay, and until then every Job is refused.
from kube_client import ApiError, Kube as Api

GROUP = "/apis/scheduler.io/v1"


class As(Api):
    """Requests in the name of somebody else."""

    def __init__(self, kubeconfig, user, group=None, pod=None, accept="application/json"):
        super().__init__(kubeconfig)
        self._who = {"Impersonate-User": user, "Accept": accept}
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
        self._dir = self._folder.name + "/cluster"
        harness.run_tool("up", "--dir", self._dir, "--no-kwok", "--quiet")
        self.kubeconfig = self._dir + "/kubeconfig/admin.kubeconfig"

    def close(self):
        if self._folder:
            harness.run_tool("down", "--dir", self._dir)
            self._folder.cleanup()


@functools.cache
def control_plane():
    """One for all tests of a run, with our CRDs and policies."""
    plane = ControlPlane()
    atexit.register(plane.close)
    harness.install(harness.Kube(plane.kubeconfig))
    api = Api(plane.kubeconfig)
    make_namespace(api, "crd-test")
    allow_everything(api, harness.OPERATORS)
    allow_everything(api, "muster:test-users")
    # A policy works a moment after it was made.
    eventually(lambda: _refuses(api))
    return plane


def allow_everything(api, group):
    """RBAC is not what is tested here."""
    name = "muster-test-" + group.split(":")[1]
    apply(api, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", name, {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}]})


def _refuses(api):
    body = {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"generateName": "probe-", "labels": {"scheduler.io/tenant": "x"}}}
    try:
        api.create("/api/v1/namespaces?dryRun=All", body)
        return False
    except ApiError as error:
        return "scheduler.io/tenant" in str(error)


def make_namespace(api, name):
    try:
        api.create("/api/v1/namespaces",
                   {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    except ApiError as error:
        if error.code != 409:
            raise


def kind_object(kind, name, spec=None):
    body = {"apiVersion": "scheduler.io/v1", "kind": kind, "metadata": {"name": name}}
    if spec is not None:
        body["spec"] = spec
    return body


def collection(kind):
    """Path of the collection of a kind of ours in the test namespace."""
    plural = kind.lower() + "s"
    return f"{GROUP}/tenants" if kind == "Tenant" else f"{GROUP}/namespaces/crd-test/{plural}"


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
