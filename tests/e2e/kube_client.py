"""The admin's client of the end-to-end tests, and a mirror of the cluster kept by watches."""

import contextlib
import http.client
import json
import pathlib
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

from muster_cluster.api import Api, ApiError  # noqa: E402

OURS = "/apis/scheduler.io/v1"
# kind -> (prefix of the group, plural, namespaced)
KINDS = {
    "Pod": ("/api/v1", "pods", True), "Service": ("/api/v1", "services", True),
    "Event": ("/api/v1", "events", True), "Node": ("/api/v1", "nodes", False),
    "Namespace": ("/api/v1", "namespaces", False), "LimitRange": ("/api/v1", "limitranges", True),
    "CoreQuota": ("/api/v1", "resourcequotas", True), "Job": (OURS, "jobs", True),
    "Workflow": (OURS, "workflows", True), "ResourceQuota": (OURS, "resourcequotas", True),
    "Tenant": (OURS, "tenants", False),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets", True),
    "PersistentVolume": ("/api/v1", "persistentvolumes", False),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims", True),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses", False),
}
MIRRORED = ("Pod", "Service", "Event", "Job", "Workflow", "ResourceQuota", "Tenant")


def path_of(kind, namespace=None, name=None):
    prefix, plural, namespaced = KINDS[kind]
    path = f"{prefix}/namespaces/{namespace}/{plural}" if namespaced and namespace else \
        f"{prefix}/{plural}"
    return f"{path}/{name}" if name else path


class Kube(Api):
    """CRUD by kind, and watches.  Refusals are ApiError; an absent server is OSError."""

    def request(self, verb, path, body=None, content_type="application/json", timeout=60):
        """Patient with a busy machine, and with an API server whose admission policies do not know
        our kinds yet: each policy learns of them by itself, some seconds after the others."""
        end = time.monotonic() + timeout
        while True:
            try:
                return super().request(verb, path, body, content_type, timeout)
            except ApiError as error:
                if "There can be a delay between" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def apply(self, path, body, manager="test"):
        return self.request("PATCH", f"{path}?fieldManager={manager}&force=true", body,
                            "application/apply-patch+yaml")

    def make(self, kind, body):
        return self.create(path_of(kind, body["metadata"].get("namespace")), body)

    def watch(self, path, version, connections):
        """Events from `version` on until the server ends the stream; yields (type, object)."""
        host, port = self._address
        connection = http.client.HTTPSConnection(host, port, timeout=30, context=self._tls)
        connections.add(connection)
        try:
            connection.request("GET", f"{path}?watch=true&allowWatchBookmarks=true"
                                      f"&timeoutSeconds=600&resourceVersion={version}")
            answer = connection.getresponse()
            if answer.status != 200:
                raise ApiError(answer.status, {"message": answer.read().decode(errors="replace")})
            while line := answer.readline():
                event = json.loads(line)
                yield event["type"], event["object"]
        finally:
            connections.discard(connection)
            connection.close()


class Change:
    """One thing that a watch showed: when (time.monotonic and time.time), what, the object."""

    def __init__(self, kind, verb, body):
        self.at = time.monotonic()
        self.clock = time.time()
        self.kind, self.verb, self.body = kind, verb, body


class Mirror:
    """Objects of MIRRORED kinds as they are, and every change seen, in order.  Thread-safe."""

    def __init__(self, kube, guard):
        """Every wait calls `guard`, which raises when there is no use in waiting."""
        self._kube = kube
        self._guard = guard
        self._moved = threading.Condition()
        self._objects = {kind: {} for kind in MIRRORED}
        self._changes = []
        self._seen = dict.fromkeys(MIRRORED, 0)  # newest resourceVersion that a watch showed
        self._connections = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._follow, args=(kind,), daemon=True)
                         for kind in MIRRORED]
        for thread in self._threads:
            thread.start()

    def close(self):
        with self._moved:
            self._closed = True
            self._moved.notify_all()
        for connection in list(self._connections):
            with contextlib.suppress(OSError, AttributeError):
                connection.sock.shutdown(2)

    def get(self, kind, namespace, name):
        with self._moved:
            return self._objects[kind].get((namespace, name))

    def all(self, kind, namespace=None):
        with self._moved:
            return [body for (space, _), body in sorted(self._objects[kind].items())
                    if namespace in (None, space)]

    def changes(self, kind, namespace=None):
        with self._moved:
            return [change for change in self._changes if change.kind == kind and namespace in (
                None, change.body["metadata"].get("namespace", ""))]

    def wait(self, what, condition, timeout=30.0):
        """Returns the first true answer of `condition`, asked again after every change."""
        end = time.monotonic() + timeout
        while True:
            with self._moved:
                seen = len(self._changes)
            answer = condition()
            if answer:
                return answer
            self._guard()
            with self._moved:
                if self._closed:
                    raise AssertionError(f"closed while waiting for {what()}")
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no {what()} within {timeout:.0f} s")
                if len(self._changes) == seen:
                    self._moved.wait(min(left, 0.25))

    def catch_up(self, kind, namespace, timeout=30.0):
        """Until the watch of a kind has shown what the API server has now: each kind has a watch of its
        own, and what one of them tells is often caused by what another has yet to bring."""
        listed = self._kube.get(path_of(kind, namespace))
        there = {body["metadata"]["uid"] for body in listed["items"]}
        newest = max(map(_version, listed["items"]), default=0)
        at = _version(listed)

        def caught_up():
            with self._moved:
                return self._seen[kind] >= newest and all(
                    body["metadata"]["uid"] in there or _version(body) > at
                    for (space, _), body in self._objects[kind].items() if space == namespace)
        self.wait(lambda: f"news of {kind} in {namespace}", caught_up, timeout)

    def _follow(self, kind):
        while not self._closed:
            try:
                path = path_of(kind)
                listed = self._kube.get(path)
                self._replace(kind, listed["items"])
                self._stream(kind, path, listed["metadata"]["resourceVersion"])
            except (ApiError, OSError, http.client.HTTPException, ValueError):
                time.sleep(0.2)  # the server is away

    def _stream(self, kind, path, version):
        while not self._closed:
            for verb, body in self._kube.watch(path, version, self._connections):
                if verb == "ERROR":
                    return
                version = body["metadata"]["resourceVersion"]
                if verb != "BOOKMARK":
                    self._take(kind, verb, body)

    def _replace(self, kind, bodies):
        with self._moved:
            gone = dict(self._objects[kind])
        for body in bodies:
            key = _key(body)
            old = gone.pop(key, None)
            if old is None or old["metadata"]["resourceVersion"] != body["metadata"][
                    "resourceVersion"]:
                self._take(kind, "ADDED" if old is None else "MODIFIED", body)
        for body in gone.values():
            self._take(kind, "DELETED", body)

    def _take(self, kind, verb, body):
        with self._moved:
            if verb == "DELETED":
                self._objects[kind].pop(_key(body), None)
            else:
                self._objects[kind][_key(body)] = body
            self._seen[kind] = max(self._seen[kind], _version(body))
            self._changes.append(Change(kind, verb, body))
            self._moved.notify_all()


def _version(body):
    """etcd's revision: the one order that all writes share."""
    return int(body["metadata"]["resourceVersion"])


def _key(body):
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]
