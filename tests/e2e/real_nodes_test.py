#!/usr/bin/env python3
"""What simulated nodes cannot show, on two real kubelets (root on Linux): containers that talk, fail,
save on SIGTERM and are refused; a node that dies with the leader on it; and the operator itself as
it is installed, from its image and by Helm."""

import pathlib
import signal
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import story  # noqa: E402
from real_house import CHART, NAMESPACE, RealHouse, RealStory, until  # noqa: E402
from side_by_side import SideBySide  # noqa: E402

LIMIT_SECONDS = 480
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
IDLE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"


class RealJobs(RealStory):
    def test_a_gang_finds_itself_through_master_addr_and_talks_over_tcp(self):
        # Not from a pipe, which nc may leave unread when rank 0 has nothing to say.
        self.run_job("pair", "\n".join((
            'if [ "$RANK" = 0 ]; then exec nc -l -p "$MASTER_PORT"; fi',
            'until nc -w 2 "$MASTER_ADDR" "$MASTER_PORT" 2>/dev/null <<EOF',
            "rank $RANK of $WORLD_SIZE asked for $MASTER_ADDR",
            "EOF",
            "do sleep 0.2; done")), gpus=5, replicas=2)
        self.scene.wait("pair", phase="Succeeded")
        nodes = {self.pod("pair", index=rank)["spec"]["nodeName"] for rank in (0, 1)}
        self.assertEqual(nodes, {"real-0", "real-1"})
        self.assertRegex(self.logs(self.name_of_pod("pair")),
                         r"rank 1 of 2 asked for pair-main-0\.pair\b")

    def test_exit_code_3_is_retried_and_both_logs_stay(self):
        self.run_job("again", 'echo "attempt $ATTEMPT"; [ "$ATTEMPT" = 2 ] || exit 3',
                     retryPolicy={"maxRetries": 1, "backoffPolicy": "fixed",
                                  "initialDelaySeconds": 1})
        status = self.scene.wait("again", phase="Succeeded")
        self.assertEqual((status["attempt"], status["failures"]), (2, 1))
        self.scene.wait_event("again", "Retry", "exited with code 3 (Error)", "retry 1 of 1")
        ended = self.pod("again")["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual(ended["exitCode"], 3)
        for attempt in (1, 2):
            self.assertEqual(self.logs(self.name_of_pod("again", attempt)),
                             f"attempt {attempt}\n")

    def test_a_preempted_job_saves_before_its_preemptor_starts(self):
        self.run_job("low", """
            if [ -f /checkpoint/step ]; then echo "goes on at $(cat /checkpoint/step)"; exit 0; fi
            trap 'sleep 3; echo 42 > /checkpoint/step; echo saved; exit 0' TERM
            echo training
            while :; do sleep 1 & wait $!; done
            """, gpus=8, node="real-0", priority="low")
        self.scene.wait("low", phase="Running")
        first = self.name_of_pod("low")
        said = []
        reader = threading.Thread(target=lambda: said.append(self.house.kubectl(
            "logs", "--follow", "-n", self.scene.name, first)))
        reader.start()
        self.run_job("high", 'echo "checkpoint: $(cat /checkpoint/step || echo none)"', gpus=8,
                     node="real-0", priority="high")
        self.scene.wait("high", phase="Succeeded")
        self.assertEqual(self.logs(self.name_of_pod("high")), "checkpoint: 42\n")
        reader.join(30)
        self.assertEqual(said, ["training\nsaved\n"])
        status = self.scene.wait("low", phase="Succeeded")
        self.assertEqual((status["attempt"], status["preemptions"], status["failures"]), (2, 1, 0))
        self.assertEqual(self.logs(self.name_of_pod("low", 2)), "goes on at 42\n")
        self.assertIn("Preempting", self.scene.phases("low"))

    def test_a_pod_that_the_kubelet_refuses_is_told_and_not_counted(self):
        """Half of the GPUs are gone when the kubelet comes to look at the pod."""
        self.addCleanup(self.house.node, "real-1", "gpus", 8)
        self.house.node("real-1", "lost")
        self.run_job("wide", "true", gpus=8, node="real-1")
        self.scene.until("the pod is placed", lambda: self.scene.pods("wide"), about="wide")
        self.house.node("real-1", "gpus", 4)
        self.house.node("real-1", "ready")
        self.scene.wait_event("wide", "PodLost", "OutOfnvidia.com/gpu")
        refused = self.pod("wide")["status"]
        self.assertEqual((refused["phase"], refused["reason"]), ("Failed", "OutOfnvidia.com/gpu"))
        self.scene.wait("wide", phase="Pending", reason="NoMatchingNodes", failures=0)
        seen = [change.body.get("status", {}) for change in self.scene.mirror.changes(
            "Job", self.scene.name)]
        told = [s for s in seen if "OutOfnvidia.com/gpu" in s.get("message", "")]
        self.assertEqual({(s["phase"], s["reason"]) for s in told}, {("Pending", "WaitingForRetry")})
        self.house.node("real-1", "gpus", 8)
        status = self.scene.wait("wide", phase="Succeeded")
        self.assertEqual(status["failures"], 0)


class Installed(RealStory):
    def test_two_replicas_run_where_kube_scheduler_put_them(self):
        pods = self.house.operators()
        self.assertEqual({pod["spec"]["nodeName"] for pod in pods}, {"real-0", "real-1"})
        for pod in pods:
            name = pod["metadata"]["name"]
            events = self.house.items("events", "-n", NAMESPACE, "--field-selector",
                                      f"involvedObject.name={name},reason=Scheduled")
            self.assertEqual([e.get("reportingComponent") or e["source"]["component"]
                              for e in events], ["default-scheduler"])
            answer = self.house.kubectl("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/"
                                        f"{name}:8080/proxy/readyz?verbose")
            self.assertIn("readyz check passed", answer)

    def test_the_leader_writes_with_its_pods_token_and_has_probed_the_fence(self):
        leader = self.house.leader()
        log = self.house.kubectl("logs", "-n", NAMESPACE, leader["metadata"]["name"])
        self.assertRegex(log, r'"msg":"leading".*"fenced":"yes"')
        self.assertEqual(self.house.refused(), [])

    def test_helm_test_runs_the_image(self):
        said = self.house.helm("test", "muster", "-n", NAMESPACE, "--logs")
        self.assertIn("Succeeded", said)
        self.assertRegex(said, r"muster-operator \d+\.\d+\.\d+")

    def test_an_upgrade_replaces_the_replicas_and_no_pod_of_a_job(self):
        self.run_job("steady", IDLE)
        self.scene.wait("steady", phase="Running")
        before = self.pod("steady")["metadata"]["uid"]
        old = {pod["metadata"]["uid"] for pod in self.house.operators()}
        self.house.helm("upgrade", "muster", CHART, "-n", NAMESPACE, "--reuse-values", "--set",
                        "podAnnotations.round=two", "--wait", "--timeout", "90s")
        pods = self.house.operators()
        self.assertFalse(old & {pod["metadata"]["uid"] for pod in pods})
        self.assertEqual({pod["spec"]["nodeName"] for pod in pods}, {"real-0", "real-1"})
        until("a new leader", self.house.leader)
        self.run_job("after", "true")
        self.scene.wait("after", phase="Succeeded")
        self.assertEqual(self.pod("steady")["metadata"]["uid"], before)
        self.assertEqual(self.scene.status("steady")["phase"], "Running")


class NodeLoss(RealStory):
    """The plug is pulled on the node of the leader."""

    def test_jobs_say_what_happened_and_go_on_where_they_can(self):
        lost = self.house.leader()["spec"]["nodeName"]
        other = {"real-0": "real-1", "real-1": "real-0"}[lost]
        self.house.kubectl("cordon", other)
        self.run_job("mover", f'[ "$ATTEMPT" = 2 ] && echo moved && exit; {IDLE}', gpus=2)
        self.scene.wait("mover", phase="Running")
        self.house.kubectl("uncordon", other)
        self.run_job("pair", IDLE, gpus=5, replicas=2)
        self.scene.wait("pair", phase="Running")
        self.house.node(lost, "kill")
        for name in ("mover", "pair"):
            status = self.scene.wait(name, reason="WaitingForLostNode")
            self.assertIn(f"node {lost} was lost with pod {name}-main-", status["message"])
            self.assertIn("tainted out-of-service", status["message"])
            self.assertEqual(status["attempt"], 1)
        self.assertEqual(self.scene.running("pair"), [
            pod for pod in self.scene.pods("pair") if pod["spec"]["nodeName"] == lost])
        self.assertEqual(self.house.leader()["spec"]["nodeName"], other)
        self.house.kubectl("taint", "nodes", lost, f"{OUT_OF_SERVICE}=nodeshutdown:NoExecute")
        status = self.scene.wait("mover", phase="Succeeded")
        self.assertEqual((status["attempt"], status["failures"]), (2, 0))
        self.assertEqual(self.logs(self.name_of_pod("mover", 2)), "moved\n")
        self.assertEqual(self.pod("mover", 2)["spec"]["nodeName"], other)
        held = self.scene.wait("pair", phase="Pending", reason="GangIncomplete", failures=0)
        self.assertIn("1 of 2 pods fit now (1/2 nodes can take a pod: 1 not ready)",
                      held["message"])
        self.house.node(lost, "boot")
        self.house.kubectl("taint", "nodes", lost, f"{OUT_OF_SERVICE}-")
        self.scene.wait("pair", phase="Running", attempt=2)
        until("two replicas", lambda: self.house.available() == 2)


class Removal(RealStory):
    def test_uninstall_leaves_running_pods_alone(self):
        self.run_job("stays", IDLE)
        self.scene.wait("stays", phase="Running")
        before = self.pod("stays")["metadata"]["uid"]
        self.house.helm("uninstall", "muster", "-n", NAMESPACE, "--wait")
        until("no replica", lambda: not self.house.items("pods", "-n", NAMESPACE))
        left = self.house.items("pods", "-n", self.scene.name)
        self.assertEqual([(p["metadata"]["uid"], p["status"]["phase"]) for p in left],
                         [(before, "Running")])


def load_tests(loader, _tests, _pattern):
    def start():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))
        story.HOUSE = RealHouse()

    def stop(ok):
        if story.HOUSE:
            story.HOUSE.close(ok)
    order = [loader.loadTestsFromTestCase(case) for case in (
        RealJobs, Installed, NodeLoss, Removal)]
    return SideBySide(unittest.TestSuite(order), start, stop, threads=1)


if __name__ == "__main__":
    unittest.main()
