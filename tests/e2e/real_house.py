"""Two real nodes with Muster as people run it: its own image, installed by Helm, two replicas placed
by kube-scheduler, with the tokens that the kubelet mounts."""

import os
import subprocess
import sys

import story
from helm_release import CHART, ROOT, Release, until
from kube_client import Kube, Mirror, path_of
from muster_cluster.image import TEST_IMAGE

NAMESPACE = "muster-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:muster-operator"
OPERATOR = ROOT / "build" / "release" / "muster-operator"
PODS = "app.kubernetes.io/component=operator"
# Where a job's checkpoints are: a folder of the node, which is its own and outlives its pods.
CHECKPOINTS = "/var/lib/muster-checkpoints"


class RealHouse(Release):
    """What story.HOUSE is for scenes on real nodes."""

    def __init__(self):
        super().__init__("--real-nodes", "2", "--node-grace", "8")
        self.mirror = None
        try:
            self.cluster("load-image", self.build_image())
            self.kubectl("label", "nodes", "--all", "pool=common")
            self.helm("install", "muster", CHART, "-n", NAMESPACE, "--create-namespace",
                      "--set", "image.pullPolicy=Never", "--wait", "--timeout", "90s")
            self.wait_admitted()
            self.kube = Kube(self.kubeconfig)
            self.mirror = Mirror(self.kube, lambda: None)
        except BaseException:
            self.close(ok=False)
            raise

    def build_image(self):
        output = self.folder / "operator.tar"
        binary = os.environ.get("MUSTER_OPERATOR") or OPERATOR
        subprocess.run([sys.executable, str(ROOT / "hack" / "build-image.py"), "--binary", binary,
                        "--output", str(output)], check=True, stdout=subprocess.DEVNULL)
        return output

    def close(self, ok=True):
        if self.mirror:
            self.mirror.close()
        if not ok:
            self._tell()
        self.down()

    def _tell(self):
        done = self.try_kubectl("get", "pods", "-A", "-o", "wide")
        print(done.stdout, done.stderr, file=sys.stderr)
        for name in [pod["metadata"]["name"] for pod in self.operators()]:
            print(f"---- {name}", self.try_kubectl("logs", "-n", NAMESPACE, name).stdout,
                  file=sys.stderr, flush=True)

    # ---- The operator ----

    def operators(self):
        """The pods of the Deployment that are not being deleted."""
        return [pod for pod in self.items("pods", "-n", NAMESPACE, "-l", PODS)
                if "deletionTimestamp" not in pod["metadata"]]

    def leader(self):
        """The pod that holds the Lease; None when nobody does."""
        lease = self.kube.get(path_of("Lease", NAMESPACE, "muster-operator"))
        name = (lease["spec"].get("holderIdentity") or "").rpartition("_")[0]
        return next((pod for pod in self.operators() if pod["metadata"]["name"] == name), None)

    def available(self):
        deployment = self.items("deployments", "-n", NAMESPACE)[0]
        return deployment["status"].get("availableReplicas", 0)

    def refused(self):
        """What the authorizer refused the operator."""
        return sorted({(event["verb"], event["objectRef"].get("resource"))
                       for event in self.audit()
                       if event["user"]["username"] == ACCOUNT and event.get(
                           "annotations", {}).get("authorization.k8s.io/decision") != "allow"})

    # ---- Nodes ----

    def node(self, name, *action):
        self.cluster("node", name, *action)

    def node_ready(self, name):
        conditions = self.kube.get(path_of("Node", name=name))["status"]["conditions"]
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


class RealStory(story.Story):
    """A test with a scene on real nodes; jobs are shell scripts."""

    def run_job(self, name, script, gpus=1, replicas=1, node=None, **spec):
        """A job whose pods run `script` with a folder of the node at /checkpoint."""
        resources = {"requests": {"cpu": "50m", "memory": "16Mi", "nvidia.com/gpu": gpus},
                     "limits": {"nvidia.com/gpu": gpus}}
        attempt = {"name": "ATTEMPT", "valueFrom": {"fieldRef": {
            "fieldPath": "metadata.labels['scheduler.io/attempt']"}}}
        pod = {"terminationGracePeriodSeconds": 20, "volumes": [{"name": "checkpoint", "hostPath": {
            "path": f"{CHECKPOINTS}/{self.scene.name}", "type": "DirectoryOrCreate"}}],
            "containers": [{
                "name": "main", "image": TEST_IMAGE, "command": ["sh", "-c", script],
                "env": [attempt], "resources": resources,
                "volumeMounts": [{"name": "checkpoint", "mountPath": "/checkpoint"}]}]}
        if node:
            pod["nodeSelector"] = {"kubernetes.io/hostname": node}
        self.scene.job(name, tasks=[{"name": "main", "replicas": replicas,
                                     "template": {"spec": pod}}], **spec)

    def logs(self, pod):
        return self.house.kubectl("logs", "-n", self.scene.name, pod)

    def pod(self, job, attempt=1, index=0):
        """The pod of a job as the last watch event showed it, also when it is gone."""
        found = None
        for change in self.scene.pod_changes(job):
            labels = change.body["metadata"]["labels"]
            if (labels["scheduler.io/attempt"], labels["scheduler.io/index"]) == (
                    str(attempt), str(index)):
                found = change.body
        self.assertIsNotNone(found, f"{job}: no pod of attempt {attempt}, index {index}")
        return found

    def name_of_pod(self, job, attempt=1, index=0):
        return self.pod(job, attempt, index)["metadata"]["name"]


__all__ = ["ACCOUNT", "CHART", "NAMESPACE", "RealHouse", "RealStory", "until"]
