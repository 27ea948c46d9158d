#!/usr/bin/env python3
"""The operator with what the chart gives it: the arguments, the configuration, the ServiceAccount and
the rights of an installed release, on simulated nodes.  At the end, what was granted is compared with
what was used."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from helm_release import CHART, ROOT, Release, until  # noqa: E402

LIMIT_SECONDS = 300
OPERATOR = pathlib.Path(os.environ.get("MUSTER_OPERATOR")
                        or ROOT / "build" / "release" / "muster-operator")
NAMESPACE = "muster-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:muster-operator"
# Rights that no request shows, and why they are granted: the authorizer asks for them beside the verb
# of the request.
UNSEEN = {
    ("rbac.authorization.k8s.io", "clusterroles", "bind"): "a RoleBinding names these roles",
    ("", "resourcequotas", "create"): "a server-side apply makes the object",
    ("networking.k8s.io", "networkpolicies", "create"): "a server-side apply makes the object",
    ("rbac.authorization.k8s.io", "rolebindings", "create"): "a server-side apply makes the object",
}
SAMPLES = """
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: scheduler.io/v1
kind: Tenant
metadata: {name: team}
spec:
  resourceQuota: {gpu: 16}
  users: [alice]
  networkPolicy: {isolation: strict}
---
apiVersion: scheduler.io/v1
kind: ResourceQuota
metadata: {name: team, namespace: team}
spec:
  hard: {requests.nvidia.com/gpu: 16, persistentvolumeclaims: "3"}
---
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: gang, namespace: team}
spec:
  image: busybox:1.36
  command: [sleep, "1"]
  replicas: 2
  resources: {cpu: 1, gpu: 8}
---
apiVersion: v1
kind: Service
metadata: {name: taken, namespace: team}
spec: {clusterIP: None}
---
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: taken, namespace: team}
spec:
  image: busybox:1.36
  command: [sleep, "1"]
  replicas: 2
  resources: {cpu: 1}
---
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: brief, namespace: team}
spec:
  image: busybox:1.36
  command: [sleep, "1"]
  resources: {cpu: 1}
  ttlSecondsAfterFinished: 1
---
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: cancelled, namespace: team}
spec:
  image: busybox:1.36
  command: [sleep, "100"]
  resources: {cpu: 1}
---
apiVersion: scheduler.io/v1
kind: Job
metadata: {name: again, namespace: team}
spec:
  podReplacementPolicy: TerminatingOrFailed
  retryPolicy: {maxRetries: 1, initialDelaySeconds: 1}
  tasks:
    - name: main
      replicas: 2
      template:
        metadata: {annotations: {sim.scheduler.io/exit-code: "3"}}
        spec:
          containers: [{name: main, image: "busybox:1.36", resources: {requests: {cpu: 1}}}]
---
apiVersion: scheduler.io/v1
kind: Workflow
metadata: {name: flow, namespace: team}
spec:
  tasks:
    - {name: one, image: "busybox:1.36", command: [sleep, "1"], resources: {cpu: 1}}
---
apiVersion: v1
kind: Pod
metadata:
  name: foreign
  namespace: team
  labels: {scheduler.io/pod-group: g, scheduler.io/pod-group-min: "1"}
spec:
  schedulerName: muster
  containers:
    - {name: main, image: "busybox:1.36", resources: {requests: {cpu: 1}}}
---
apiVersion: v1
kind: Pod
metadata:
  name: too-big
  namespace: team
  labels: {scheduler.io/pod-group: h, scheduler.io/pod-group-min: "1"}
spec:
  schedulerName: muster
  containers:
    - {name: main, image: "busybox:1.36", resources: {requests: {cpu: 1k}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Replica:
    """One operator, run on this machine as the pod that the Deployment made for it."""

    def __init__(self, release, pod):
        self.name = pod["metadata"]["name"]
        self.folder = release.folder / self.name
        self.folder.mkdir()
        self._kubeconfig(release, pod)
        self._configuration(release)
        container = pod["spec"]["containers"][0]
        arguments = [text.replace("/etc/muster", str(self.folder)) for text in container["args"]]
        self.port = free_port()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [str(OPERATOR), *arguments, "--kubeconfig", str(self.folder / "kubeconfig"),
                 "--listen", f"127.0.0.1:{self.port}"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=dict(os.environ, POD_NAME=self.name, POD_NAMESPACE=NAMESPACE))

    def _kubeconfig(self, release, pod):
        """The token that the kubelet would mount: bound to the pod, so it carries its name."""
        token = release.kubectl("create", "token", pod["spec"]["serviceAccountName"], "-n",
                                NAMESPACE, "--bound-object-kind=Pod",
                                f"--bound-object-name={self.name}",
                                f"--bound-object-uid={pod['metadata']['uid']}").strip()
        view = json.loads(release.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
        view["users"] = [{"name": "pod", "user": {"token": token}}]
        view["contexts"] = [{"name": "pod", "context": {
            "cluster": view["clusters"][0]["name"], "user": "pod"}}]
        view["current-context"] = "pod"
        (self.folder / "kubeconfig").write_text(json.dumps(view))

    def _configuration(self, release):
        config = json.loads(release.kubectl("get", "configmap", "muster-operator", "-n", NAMESPACE,
                                            "-o", "json"))
        for name, text in config["data"].items():
            (self.folder / name).write_text(text)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")


class InstalledTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.release = Release("--nodes", "2")
        cls.addClassCleanup(cls.release.down)
        cls.release.helm("install", "muster", CHART, "-n", NAMESPACE, "--create-namespace")
        pods = until("two pods of the Deployment", cls.pods)
        cls.replicas = []
        for pod in pods:
            cls.replicas.append(Replica(cls.release, pod))
            cls.addClassCleanup(cls.end, cls.replicas[-1])
        until("a leader", cls.holder)
        cls.release.wait_admitted()
        cls.release.kubectl("apply", "--server-side", "-f", "-", text=SAMPLES)
        cls.release.kubectl("wait", "--for=condition=Complete", "--timeout=60s", "-n", "team",
                            "jobs.scheduler.io/gang")

    @classmethod
    def pods(cls):
        found = cls.release.items("pods", "-n", NAMESPACE)
        return found if len(found) == 2 else None

    @classmethod
    def end(cls, replica):
        if replica.process.poll() is None:
            replica.process.kill()
            replica.process.wait()

    @classmethod
    def holder(cls):
        for lease in cls.release.items("leases", "-n", NAMESPACE):
            return lease["spec"].get("holderIdentity", "")
        return ""

    def phase(self, kind, name):
        item = json.loads(self.release.kubectl("get", f"{kind}.scheduler.io", name, "-n", "team",
                                               "-o", "json"))
        return item.get("status", {}).get("phase")

    def reason(self, job):
        return self.release.kubectl("get", "jobs.scheduler.io", job, "-n", "team", "-o",
                                    "jsonpath={.status.reason}")

    def test_the_leader_is_known_by_its_pod_name(self):
        self.assertIn(self.holder().rsplit("_", 1)[0], [r.name for r in self.replicas])

    def test_the_lease_is_renewed(self):
        first = self.renewed()
        self.assertTrue(until("a renewal", lambda: self.renewed() != first))

    def renewed(self):
        return self.release.items("leases", "-n", NAMESPACE)[0]["spec"]["renewTime"]

    def test_logs_have_the_form_of_the_charts_configuration(self):
        whole = self.replicas[0].log().rpartition("\n")[0]  # the last line may be under way
        for line in whole.splitlines():
            json.loads(line)

    def lines(self, message):
        """What all replicas have logged with this message."""
        wholes = [replica.log().rpartition("\n")[0] for replica in self.replicas]
        return [line for whole in wholes for line in map(json.loads, whole.splitlines())
                if line["msg"] == message]

    def test_logs_lead_from_a_job_to_the_cycle_that_decided_for_it(self):
        committed = until("the commit of team/gang", lambda: [
            line for line in self.lines("committed") if line["job"] == "team/gang"])
        self.assertEqual([(line["attempt"], line["pods"]) for line in committed], [("1", "2")])
        cycle = committed[0]["cycle"]
        self.assertIn(cycle, [line["cycle"] for line in self.lines("scheduling cycle")
                              if int(line["starts"]) > 0])

    def test_granted_is_what_is_used(self):
        """Exercises every controller, then compares the chart's rules with the audit log."""
        team = ("-n", "team")
        self.release.kubectl("patch", "jobs.scheduler.io", "cancelled", *team, "--type=merge", "-p",
                             '{"spec":{"cancel":true}}')
        until("a stranger's Service", lambda: self.reason("taken") == "Misconfigured")
        until("cancelled", lambda: self.phase("jobs", "cancelled") == "Cancelled")
        until("a second attempt", lambda: self.phase("jobs", "again") == "Failed")
        until("the workflow", lambda: self.phase("workflows", "flow") == "Succeeded")
        until("the TTL", lambda: not any(
            item["metadata"]["name"] == "brief"
            for item in self.release.items("jobs.scheduler.io", *team)))
        until("the foreign pod", lambda: json.loads(self.release.kubectl(
            "get", "pod", "foreign", *team, "-o", "json"))["spec"].get("nodeName"))
        self.release.kubectl("delete", "tenant", "team")
        until("nothing rendered", lambda: not self.release.items(
            "networkpolicies,rolebindings", *team))
        # What a pod that waits is told, and some events, come a moment after the rest.
        with contextlib.suppress(AssertionError):
            until("every right used", lambda: not self.unused(), 20)
        self.assertEqual(self.unused(), [])
        self.assertEqual(sorted(self.used() - self.granted()), [])

    def unused(self):
        return sorted(self.granted() - self.used() - set(UNSEEN))

    def used(self):
        """(group, resource, verb) of every request of the operator; one that the authorizer refused
        is a failure."""
        found, refused = set(), set()
        for event in self.release.audit():
            if event["user"]["username"] != ACCOUNT or "objectRef" not in event:
                continue
            reference = event["objectRef"]
            what = reference["resource"] + ("/" + reference["subresource"]
                                            if "subresource" in reference else "")
            right = (reference.get("apiGroup", ""), what, event["verb"])
            found.add(right)
            if event.get("annotations", {}).get("authorization.k8s.io/decision") != "allow":
                refused.add(right)
        self.assertEqual(sorted(refused), [], "refused by the authorizer")
        return found

    def granted(self):
        roles = self.release.items("clusterroles") + self.release.items("roles", "-A")
        return {(group, resource, verb) for role in roles
                if role["metadata"]["name"].startswith("muster-operator") for rule in role["rules"]
                for group in rule["apiGroups"] for resource in rule["resources"]
                for verb in rule["verbs"]}


if __name__ == "__main__":
    unittest.main()
