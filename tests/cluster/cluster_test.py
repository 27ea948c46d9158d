#!/usr/bin/env python3
"""The tool against itself: real control planes, started once for the whole file."""

import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from muster_cluster import nodes, ports  # noqa: E402
from muster_cluster.api import Api, ApiError, wait_for  # noqa: E402
from muster_cluster.process import Processes  # noqa: E402

PODS = "/api/v1/namespaces/default/pods"
SIM = "sim.scheduler.io/"


def command(*arguments):
    return [sys.executable, str(HERE / "cluster"), *map(str, arguments)]


def run(*arguments):
    """Standard output of the tool; its messages are shown when it fails."""
    done = subprocess.run(command(*arguments), text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"cluster {arguments}: exit {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


def pod(name, node, labels=None, **notes):
    """A pod set to a node; notes are sim annotations with _ for -."""
    annotations = {SIM + key.replace("_", "-"): value for key, value in notes.items()}
    return {"metadata": {"name": name, "labels": labels or {}, "annotations": annotations},
            "spec": {"nodeName": node, "restartPolicy": "Never",
                     "containers": [{"name": "main", "image": "example/none"}]}}


class ClusterTest(unittest.TestCase):
    """Cluster `one` has four nodes and an audit log; `two` runs beside it."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="muster-cluster-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.one, cls.two = cls.root / "one", cls.root / "two"
        labels = cls.root / "labels.yaml"
        labels.write_text("node-003: {scheduler.io/rack: own, nvidia.com/gpu.memory: null}\n")
        cls.port = ports.pick(1)[0]
        run("build")
        cls.addClassCleanup(run, "down", "--dir", cls.two)
        cls.addClassCleanup(run, "down", "--dir", cls.one)
        starting = [subprocess.Popen(command("up", "--quiet", "--dir", directory, *more))
                    for directory, more in (
                        (cls.one, ["--audit", "--labels-file", str(labels)]),
                        (cls.two, ["--nodes", "1", "--gpus-per-node", "2", "--a100-fraction", "1",
                                   "--cpu", "12", "--memory", "48Gi", "--port", str(cls.port)]))]
        if any([child.wait() for child in starting]):
            raise AssertionError("cluster up failed")
        cls.api = Api(run("kubeconfig", "--dir", cls.one))

    def create(self, body):
        self.api.create(PODS, body)
        self.addCleanup(self.remove, body["metadata"]["name"])

    def remove(self, name):
        try:
            self.api.delete(f"{PODS}/{name}", {"gracePeriodSeconds": 0})
        except ApiError as error:
            if error.code != 404:
                raise

    def pod(self, name):
        return self.api.get(f"{PODS}/{name}")

    def gone(self, name):
        try:
            self.pod(name)
        except ApiError as error:
            return error.code == 404
        return False

    def wait_phase(self, name, phase, deadline=60):
        wait_for(f"{name} {phase}", lambda: self.pod(name)["status"]["phase"] == phase, deadline)
        return self.pod(name)["status"]

    def node(self, name):
        return self.api.get(f"/api/v1/nodes/{name}")

    def test_nodes_are_ready_with_gpus_and_labels(self):
        found = self.api.get("/api/v1/nodes")["items"]
        self.assertEqual(4, len(found))
        for node in found:
            self.assertTrue(nodes.is_ready(node))
            self.assertEqual("8", node["status"]["allocatable"]["nvidia.com/gpu"])
            self.assertEqual("32", node["status"]["allocatable"]["cpu"])
        first, last = found[0]["metadata"]["labels"], found[3]["metadata"]["labels"]
        self.assertEqual("NVIDIA-H100-80GB-HBM3", first["nvidia.com/gpu.product"])
        self.assertEqual(
            ["zone-0", "block-0", "rack-0"],
            [first[key] for key in ("topology.kubernetes.io/zone", "scheduler.io/block",
                                    "scheduler.io/rack")])
        self.assertEqual("own", last["scheduler.io/rack"])
        self.assertNotIn("nvidia.com/gpu.memory", last)

    def test_pod_runs_for_its_time_and_succeeds(self):
        self.create(pod("runs", "node-000", run_seconds="2"))
        running = self.wait_phase("runs", "Running")
        self.assertTrue(running["podIP"].startswith("10.64.0."))
        self.assertTrue(all(c["status"] == "True" for c in running["conditions"]))
        done = self.wait_phase("runs", "Succeeded")
        terminated = done["containerStatuses"][0]["state"]["terminated"]
        took = _seconds(terminated["finishedAt"]) - _seconds(terminated["startedAt"])
        self.assertGreaterEqual(took, 2)
        self.assertEqual((0, "Completed"), (terminated["exitCode"], terminated["reason"]))

    def test_pod_starts_after_start_seconds(self):
        self.create(pod("starts-late", "node-000", start_seconds="1.5"))
        created = time.monotonic()
        self.wait_phase("starts-late", "Running")
        self.assertGreater(time.monotonic() - created, 1.4)

    def test_pod_whose_command_is_sleep_runs_for_that_time(self):
        body = pod("sleeps", "node-000")
        body["spec"]["containers"][0]["command"] = ["sleep", "1"]
        self.create(body)
        wait_for("Succeeded", lambda: self.pod("sleeps")["status"]["phase"] == "Succeeded", 20)

    def test_pod_fails_with_the_chosen_exit_code(self):
        self.create(pod("fails", "node-000", exit_code="3"))
        done = self.wait_phase("fails", "Failed")
        terminated = done["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((3, "Error"), (terminated["exitCode"], terminated["reason"]))

    def test_only_the_chosen_index_and_attempt_fail(self):
        notes = {"run_seconds": "0", "exit_code": "7", "fail_index": "1,2", "fail_attempt": "1"}
        for name, index, attempt in (("i1a1", "1", "1"), ("i0a1", "0", "1"), ("i1a2", "1", "2")):
            labels = {"scheduler.io/index": index, "scheduler.io/attempt": attempt}
            self.create(pod(name, "node-001", labels, **notes))
        self.wait_phase("i1a1", "Failed")
        self.wait_phase("i0a1", "Succeeded")
        self.wait_phase("i1a2", "Succeeded")

    def test_pod_waits_with_the_reason_it_was_given(self):
        self.create(pod("pulls", "node-001", waiting_reason="ImagePullBackOff"))

        def reason():
            found = self.pod("pulls")["status"].get("containerStatuses", [])
            return found and found[0]["state"]["waiting"]["reason"]
        self.assertEqual("ImagePullBackOff", wait_for("a waiting container", reason))
        self.assertEqual("Pending", self.pod("pulls")["status"]["phase"])

    def test_deletion_takes_stop_seconds_or_is_immediate(self):
        self.create(pod("stops-slowly", "node-000", stop_seconds="2"))
        self.create(pod("stops-at-once", "node-000"))
        self.wait_phase("stops-slowly", "Running")
        self.wait_phase("stops-at-once", "Running")
        begin = time.monotonic()
        self.api.delete(f"{PODS}/stops-slowly")
        self.api.delete(f"{PODS}/stops-at-once")
        wait_for("the quick one to go", lambda: self.gone("stops-at-once"), 60)
        wait_for("the slow one to go", lambda: self.gone("stops-slowly"), 60)
        self.assertGreater(time.monotonic() - begin, 1.9)

    def test_a_stopped_container_ends_with_143_or_the_chosen_exit_code(self):
        for name, notes, code in (("stops", {}, 143), ("stops-with-9", {"stop_exit_code": "9"}, 9)):
            body = pod(name, "node-000", stop_seconds="0", **notes)
            body["metadata"]["finalizers"] = ["test/look"]  # it stays until it was looked at
            self.create(body)
            self.addCleanup(self.api.patch, f"{PODS}/{name}", {"metadata": {"finalizers": None}})
            self.wait_phase(name, "Running")
            self.api.delete(f"{PODS}/{name}")
            ended = self.wait_phase(name, "Failed")["containerStatuses"][0]["state"]["terminated"]
            self.assertEqual(code, ended["exitCode"])

    def test_pods_of_a_notready_node_stand_still_and_leave_when_it_returns(self):
        self.create(pod("stranded", "node-002"))
        self.wait_phase("stranded", "Running")
        run("node", "node-002", "notready", "--dir", self.one)
        self.addCleanup(nodes.wait_ready, self.api, 4)
        self.addCleanup(run, "node", "node-002", "ready", "--dir", self.one)
        wait_for("NotReady", lambda: not nodes.is_ready(self.node("node-002")))
        # A living node would end it now.
        over = {"metadata": {"annotations": {SIM + "run-seconds": "0"}}}
        self.api.patch(f"{PODS}/stranded", over)
        leaving = wait_for("the eviction", lambda: self.pod("stranded")["metadata"].get(
            "deletionTimestamp") and self.pod("stranded"), 60)
        self.assertEqual("Running", leaving["status"]["phase"])
        run("node", "node-002", "ready", "--dir", self.one)
        wait_for("the pod to go", lambda: self.gone("stranded"), 60)

    def test_silence_of_a_node_is_noticed_by_the_node_controller(self):
        run("node", "node-001", "lost", "--dir", self.one)
        self.addCleanup(nodes.wait_ready, self.api, 4)
        self.addCleanup(run, "node", "node-001", "ready", "--dir", self.one)
        self.assertTrue(nodes.is_ready(self.node("node-001")))
        wait_for("NotReady", lambda: not nodes.is_ready(self.node("node-001")), 60)

    def test_node_loses_gpus_and_gets_them_back(self):
        run("node", "node-003", "gpus", "6", "--dir", self.one)
        self.assertEqual("6", self.node("node-003")["status"]["allocatable"]["nvidia.com/gpu"])
        self.assertEqual("8", self.node("node-003")["status"]["capacity"]["nvidia.com/gpu"])
        run("node", "node-003", "gpus", "8", "--dir", self.one)
        self.assertEqual("8", self.node("node-003")["status"]["allocatable"]["nvidia.com/gpu"])

    def test_alice_has_no_rights(self):
        path = run("kubeconfig", "--dir", self.one, "--user", "alice", "--group", "team-a")
        alice = Api(path)
        with self.assertRaises(ApiError) as refused:
            alice.get(PODS)
        self.assertEqual(403, refused.exception.code)
        self.assertIn('User "alice" cannot list', str(refused.exception))

    def test_operator_replicas_are_users_of_their_own(self):
        for replica in ("operator-0", "operator-1"):
            api = Api(run("kubeconfig", replica, "--dir", self.one))
            review = api.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
                "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
            user = review["status"]["userInfo"]
            self.assertEqual(f"system:muster:{replica}", user["username"])
            self.assertIn("muster:operators", user["groups"])
            self.assertNotIn("system:masters", user["groups"])

    def test_versions_are_the_released_ones(self):
        self.assertEqual("v1.36.3", self.api.get("/version")["gitVersion"])
        served = self.api.get("/apis/admissionregistration.k8s.io/v1")["resources"]
        self.assertIn("mutatingadmissionpolicies", [r["name"] for r in served])

    def test_two_clusters_run_side_by_side(self):
        other = Api(run("kubeconfig", "--dir", self.two))
        found = other.get("/api/v1/nodes")["items"]
        self.assertEqual([("2", "12", "48Gi")], [
            tuple(n["status"]["allocatable"][name] for name in ("nvidia.com/gpu", "cpu", "memory"))
            for n in found])
        with open(run("kubeconfig", "--dir", self.two), encoding="utf-8") as text:
            self.assertIn(f"server: https://127.0.0.1:{self.port}\n", text.read())
        self.assertEqual("NVIDIA-A100-SXM4-80GB",
                         found[0]["metadata"]["labels"]["nvidia.com/gpu.product"])
        other.create("/api/v1/namespaces", {"metadata": {"name": "only-two"}})
        with self.assertRaises(ApiError):
            self.api.get("/api/v1/namespaces/only-two")

    def test_audit_log_holds_the_body_of_a_pod_create(self):
        self.create(pod("audited", "node-000"))

        def logged():
            for line in (self.one / "audit" / "audit.log").read_text().splitlines():
                event = json.loads(line)
                reference = event.get("objectRef", {})
                if event["verb"] == "create" and reference.get("name") == "audited":
                    return event
            return None
        event = wait_for("the audit record", logged)
        self.assertEqual("node-000", event["requestObject"]["spec"]["nodeName"])

    def test_restarted_apiserver_keeps_address_and_objects(self):
        kubeconfig = run("kubeconfig", "--dir", self.two)
        Api(kubeconfig).create("/api/v1/namespaces", {"metadata": {"name": "kept"}})
        run("restart-apiserver", "--dir", self.two, "--kill")
        api = Api(kubeconfig)
        self.assertEqual("kept", api.get("/api/v1/namespaces/kept")["metadata"]["name"])
        self.assertTrue(nodes.is_ready(api.get("/api/v1/nodes/node-000")))
        self.assertEqual(0, subprocess.run(command("status", "--dir", self.two), check=False,
                                           stdout=subprocess.DEVNULL).returncode)


    def test_a_component_can_be_paused_and_stopped(self):
        def state():
            pid = json.loads((self.two / "run" / "kwok.json").read_text())["pid"]
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

        def status():
            return subprocess.run(command("status", "--dir", self.two), check=False,
                                  stdout=subprocess.DEVNULL).returncode
        run("pause-kwok", "--dir", self.two)
        wait_for("kwok to stand still", lambda: state() == "T")
        run("resume-kwok", "--dir", self.two)
        wait_for("kwok to go on", lambda: state() != "T")
        run("stop-kwok", "--dir", self.two)
        self.assertEqual(1, status())
        run("start-kwok", "--dir", self.two)
        wait_for("kwok", lambda: status() == 0)

    def test_etcd_can_be_full_and_recover(self):
        api = Api(run("kubeconfig", "--dir", self.two))
        run("etcd", "full", "--dir", self.two)
        self.addCleanup(run, "etcd", "space", "--dir", self.two)
        with self.assertRaises(ApiError) as refused:
            api.create("/api/v1/namespaces", {"metadata": {"name": "no-room"}})
        self.assertIn("database space exceeded", str(refused.exception))
        run("etcd", "space", "--dir", self.two)
        api.create("/api/v1/namespaces", {"metadata": {"name": "room"}})

    def test_history_is_gone_after_compaction_and_restart(self):
        api = Api(run("kubeconfig", "--dir", self.two))
        old = api.get("/api/v1/namespaces")["metadata"]["resourceVersion"]
        api.create("/api/v1/namespaces", {"metadata": {"name": "later"}})
        run("etcd", "compact", "--dir", self.two)
        run("restart-apiserver", "--dir", self.two, "--kill")  # it serves history from its cache
        with self.assertRaises(ApiError) as refused:
            api.get(f"/api/v1/namespaces?resourceVersion={old}&resourceVersionMatch=Exact")
        self.assertEqual(410, refused.exception.code)


class ProcessTest(unittest.TestCase):
    """Starting and stopping, without Kubernetes where that is enough."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="muster-process-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def test_reused_pid_is_never_signalled(self):
        bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        (self.dir / "run").mkdir()
        (self.dir / "run" / "etcd.json").write_text(
            json.dumps({"argv": ["etcd"], "pid": bystander.pid, "start": 1}))
        self.assertFalse(Processes(self.dir).stop("etcd"))
        self.assertIsNone(bystander.poll())

    def test_deaf_process_is_killed_at_the_deadline(self):
        processes = Processes(self.dir)
        processes.start("deaf", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"])
        wait_for("its trap", lambda: "up" in processes.log_tail("deaf"))
        self.assertTrue(processes.stop("deaf", deadline=0.2))
        self.assertFalse(processes.alive("deaf"))

    def test_down_leaves_no_process_and_no_directory(self):
        target = self.dir / "cluster"
        run("up", "--quiet", "--no-kwok", "--dir", target)
        pids = self.pids(target)
        self.assertEqual(3, len(pids))
        run("down", "--dir", target)
        self.assertEqual([], [pid for pid in pids if _alive(pid)])
        self.assertFalse(target.exists())

    def test_interrupted_up_leaves_no_process(self):
        target = self.dir / "cluster"
        starting = subprocess.Popen(command("up", "--quiet", "--dir", target),
                                    stderr=subprocess.DEVNULL)
        wait_for("kube-apiserver", (target / "run" / "kube-apiserver.json").exists)
        pids = self.pids(target)
        starting.send_signal(signal.SIGTERM)
        self.assertEqual(130, starting.wait(30))
        self.assertEqual([], [pid for pid in pids if _alive(pid)])

    def test_taken_port_is_refused_with_a_sentence(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = subprocess.run(
                command("up", "--no-kwok", "--dir", self.dir / "c", "--port",
                        taken.getsockname()[1]), text=True, capture_output=True, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("is taken", done.stderr)

    @staticmethod
    def pids(target):
        return [json.loads(path.read_text())["pid"] for path in (target / "run").glob("*.json")]


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


if __name__ == "__main__":
    os.environ.pop("MUSTER_CLUSTER_DIR", None)
    unittest.main(verbosity=2)
