#!/usr/bin/env python3
"""Real nodes (root, Linux): what a simulated kubelet cannot show, and a teardown without traces."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from muster_cluster import cgroups, image, nodes  # noqa: E402
from muster_cluster.api import Api, ApiError, wait_for  # noqa: E402

PODS = "/api/v1/namespaces/default/pods"
SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount"


def run(*arguments):
    """Standard output of the tool; its messages are shown when it fails."""
    done = subprocess.run([sys.executable, str(HERE / "cluster"), *map(str, arguments)],
                          text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"cluster {arguments}: exit {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


def pod(name, script, node=None, gpus=0, **spec):
    """A pod of one busybox container that runs a shell script."""
    container = {"name": "main", "image": image.TEST_IMAGE, "command": ["sh", "-c", script]}
    if gpus:
        container["resources"] = {"limits": {nodes.GPU: str(gpus)}}
    if node:
        spec["nodeName"] = node
    return {"metadata": {"name": name, "labels": {"app": name.split("-", maxsplit=1)[0]}},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 10,
                     "containers": [container], **spec}}


class RealNodesTest(unittest.TestCase):
    """Two real nodes with eight GPUs each, shared by the tests."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="muster-real-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.dir = cls.root / "cluster"
        cls.addClassCleanup(run, "down", "--dir", cls.dir)
        run("up", "--real-nodes", "2", "--dir", cls.dir)
        cls.api = Api(run("kubeconfig", "--dir", cls.dir))

    def create(self, body):
        self.api.create(PODS, body)
        name = body["metadata"]["name"]
        self.addCleanup(self.remove, name)
        return name

    def remove(self, name):
        try:
            self.api.delete(f"{PODS}/{name}", {"gracePeriodSeconds": 0})
        except ApiError as error:
            if error.code != 404:
                raise

    def wait_phase(self, name, *phases):
        wait_for(f"{name} {phases}", lambda: self.status(name)["phase"] in phases, 90)
        return self.status(name)

    def status(self, name):
        return self.api.get(f"{PODS}/{name}")["status"]

    def logs(self, name):
        return run("kubectl", "--dir", self.dir, "--", "logs", name)

    def node_ready(self, name):
        return nodes.is_ready(self.api.get(f"/api/v1/nodes/{name}"))

    def headless_service(self, name):
        path = "/api/v1/namespaces/default/services"
        self.api.create(path, {
            "metadata": {"name": name}, "spec": {
                "clusterIP": "None", "publishNotReadyAddresses": True, "selector": {"app": name},
                "ports": [{"port": 29500}]}})
        self.addCleanup(self.api.delete, f"{path}/{name}")

    def test_pod_has_a_token_and_reaches_the_cluster_ip(self):
        script = f"nc -w 5 kubernetes.default 443 </dev/null && cat {SECRETS}/token"
        name = self.create(pod("token", f"echo $KUBERNETES_SERVICE_HOST; {script}", "real-0"))
        self.wait_phase(name, "Succeeded")
        address, token = self.logs(name).split()
        self.assertEqual("10.96.0.1", address)
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual("system:serviceaccount:default:default", claims["sub"])
        review = self.api.create("/apis/authentication.k8s.io/v1/tokenreviews",
                                 {"spec": {"token": token}})
        self.assertTrue(review["status"]["authenticated"])
        self.assertEqual(["token"], review["status"]["user"]["extra"][
            "authentication.kubernetes.io/pod-name"])

    def test_gang_finds_itself_by_name_across_nodes(self):
        self.headless_service("gang")
        self.create(pod("gang-0", "echo hello | nc -l -p 29500", "real-0", hostname="gang-0",
                        subdomain="gang"))
        self.create(pod("gang-1", "until nc gang-0.gang 29500 </dev/null; do sleep 0.2; done",
                        "real-1", hostname="gang-1", subdomain="gang"))
        self.wait_phase("gang-1", "Succeeded")
        self.assertIn("hello", self.logs("gang-1"))

    def test_exit_code_is_real(self):
        name = self.create(pod("code", "echo about to fail; exit 3", "real-1"))
        state = self.wait_phase(name, "Failed")["containerStatuses"][0]["state"]
        self.assertEqual((3, "Error"), (state["terminated"]["exitCode"],
                                        state["terminated"]["reason"]))
        self.assertEqual("about to fail", self.logs(name))

    def test_sigterm_arrives_and_the_handler_may_finish(self):
        name = self.create(pod("stops", "trap 'sleep 1; echo saved; exit 0' TERM; echo up; "
                               "while :; do sleep 1 & wait $!; done", "real-0"))
        self.wait_phase(name, "Running")
        reader = subprocess.Popen(
            [sys.executable, str(HERE / "cluster"), "kubectl", "--dir", str(self.dir), "--",
             "logs", "--follow", name], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.kill)
        self.assertEqual("up\n", reader.stdout.readline())
        self.api.delete(f"{PODS}/{name}")
        self.assertIn("saved", reader.communicate(timeout=60)[0])

    def test_kubelet_refuses_a_ninth_gpu(self):
        first = self.create(pod("fits", "sleep 1000", "real-1", gpus=8))
        self.wait_phase(first, "Running")
        second = self.create(pod("ninth", "sleep 1000", "real-1", gpus=1))
        self.assertEqual("OutOfnvidia.com/gpu", self.wait_phase(second, "Failed")["reason"])

    def test_pod_without_a_node_is_placed_by_kube_scheduler(self):
        name = self.create(pod("placed", "true"))
        self.wait_phase(name, "Succeeded")

    def test_loaded_image_runs_on_every_node(self):
        archive = self.root / "own.tar"
        layer = image.busybox_layer()
        image.write_archive(archive, ["localhost/own:2"], layer, ["sh", "-c", "echo mine"])
        run("load-image", archive, "--dir", self.dir)
        for node in ("real-0", "real-1"):
            body = pod(f"own-{node}", "", node)
            body["spec"]["containers"] = [{"name": "main", "image": "localhost/own:2"}]
            self.wait_phase(self.create(body), "Succeeded")
            self.assertEqual("mine", self.logs(f"own-{node}"))

    def test_killed_node_is_noticed_and_boots_again(self):
        name = self.create(pod("victim", "sleep 1000", "real-1"))
        self.wait_phase(name, "Running")
        run("node", "real-1", "kill", "--dir", self.dir)
        self.addCleanup(wait_for, "a Ready node", lambda: self.node_ready("real-1"), 60)
        self.addCleanup(run, "node", "real-1", "boot", "--dir", self.dir)
        wait_for("NotReady", lambda: not self.node_ready("real-1"), 90)
        wait_for("the eviction", lambda: "deletionTimestamp" in self.api.get(
            f"{PODS}/{name}")["metadata"], 90)
        self.assertEqual("Running", self.status(name)["phase"])


class TeardownTest(unittest.TestCase):
    """What is left on the host after `down`."""

    def test_down_leaves_no_process_mount_cgroup_or_namespace(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="muster-gone-")) / "cluster"
        self.addCleanup(shutil.rmtree, directory.parent, ignore_errors=True)
        self.addCleanup(run, "down", "--dir", directory)
        before = namespaces(os.getpid())
        run("up", "--real-nodes", "1", "--dir", directory)
        api = Api(run("kubeconfig", "--dir", directory))
        api.create(PODS, pod("runs", "sleep 1000", "real-0"))
        wait_for("a running pod", lambda: api.get(f"{PODS}/runs")["status"]["phase"] == "Running")
        theirs = {ns for pid in pids() if str(directory) in command_line(pid)
                  for ns in namespaces(pid)} - before
        self.assertGreaterEqual(len(theirs), 5)
        run("down", "--dir", directory)
        self.assertEqual([], [pid for pid in pids() if namespaces(pid) & theirs])
        self.assertEqual([], [pid for pid in pids() if str(directory) in command_line(pid)])
        self.assertNotIn(str(directory), pathlib.Path("/proc/self/mounts").read_text())
        self.assertEqual([], list(cgroups.MOUNT.glob(f"**/{cgroups.root(directory)}")))
        self.assertFalse(directory.exists())


def pids():
    return [int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*")
            if int(path.name) != os.getpid()]


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def namespaces(pid):
    try:
        return {os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("mnt", "net", "pid", "uts")}
    except OSError:
        return set()


if __name__ == "__main__":
    os.environ.pop("MUSTER_CLUSTER_DIR", None)
    unittest.main(verbosity=2)
