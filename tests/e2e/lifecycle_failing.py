"""What happens when pods fail, vanish or never become ready."""

from story import Story, path_of, unix

# The first attempt runs for ever, the second one succeeds.
SECOND = {"exit-code": 0, "fail-attempt": 2, "fail-seconds": 1}


class Retry(Story):
    def announced(self, name):
        """By attempt that failed: since when its job was pending, and before when the next may not start."""
        times = {}
        for change in self.scene.mirror.changes("Job", self.scene.name):
            status = change.body.get("status", {})
            if change.body["metadata"]["name"] == name and "notBefore" in status:
                times[status["attempt"]] = unix(status["pendingSince"]), unix(status["notBefore"])
        return [times[n] for n in sorted(times)]

    def check(self, name, policy, attempts, wanted):
        self.scene.job(name, sim={"exit-code": 3, "fail-attempt": attempts, "run-seconds": 0.5},
                       retryPolicy={"maxRetries": len(wanted), **policy})
        status = self.scene.wait(name, phase="Succeeded")
        self.assertEqual(status["failures"], len(wanted))
        pods = self.scene.pod_changes(name, "ADDED")
        announced = self.announced(name)
        self.assertEqual((len(pods), len(announced)), (len(wanted) + 1, len(wanted)))
        for pod, (since, until), after, least in zip(pods, announced, pods[1:], wanted):
            self.assertGreaterEqual(since, unix(pod.body["metadata"]["creationTimestamp"]))
            self.assertTrue(least <= until - since <= least + 1, f"{until - since} for {least}")
            self.assertGreaterEqual(after.clock, until)

    def test_a_fixed_delay(self):
        self.check("fixed", {"backoffPolicy": "fixed", "initialDelaySeconds": 2}, "1,2", [2, 2])

    def test_a_linear_delay(self):
        self.check("linear", {"backoffPolicy": "linear", "initialDelaySeconds": 2}, "1,2", [2, 4])

    def test_an_exponential_delay_up_to_its_maximum(self):
        self.check("expo", {"backoffPolicy": "exponential", "initialDelaySeconds": 1,
                            "maxDelaySeconds": 3}, "1,2,3", [1, 2, 3])

    def test_without_retries_left_it_fails_with_the_sentence(self):
        self.scene.job("tries", sim={"exit-code": 3},
                       retryPolicy={"maxRetries": 1, "initialDelaySeconds": 1})
        self.scene.job("once", replicas=2, sim={"exit-code": 7, "fail-index": 1, "run-seconds": 1})
        status = self.scene.wait("tries", phase="Failed")
        self.assertRegex(status["message"], r"^pod tries-main-0-\w+ exited with code 3 \(Error\); "
                                            r"all 1 retries used$")
        self.assertEqual(self.scene.condition("tries", "Failed")["status"], "True")
        self.scene.wait_event("tries", "Retry", "retry 1 of 1")
        status = self.scene.wait("once", phase="Failed")
        self.assertRegex(status["message"], r"once-main-1-\w+ exited with code 7 .*maxRetries is 0")

    def test_a_failed_pod_ends_the_rest_of_its_gang(self):
        self.scene.job("gang", replicas=3, sim={"exit-code": 2, "fail-index": 2, "fail-attempt": 1,
                                                "fail-seconds": 1, "run-seconds": 3},
                       retryPolicy={"maxRetries": 1, "initialDelaySeconds": 1})
        self.scene.wait("gang", phase="Succeeded", attempt=2)
        attempts = [c.body["metadata"]["labels"]["scheduler.io/attempt"]
                    for c in self.scene.pod_changes("gang", "ADDED")]
        self.assertEqual(attempts, ["1"] * 3 + ["2"] * 3)
        self.at_most_once("gang")

    def at_most_once(self, name):
        """No index had two live pods at a time."""
        live = {}
        for change in self.scene.pod_changes(name):
            labels = change.body["metadata"]["labels"]
            index = labels["scheduler.io/task"], labels["scheduler.io/index"]
            pod = change.body["metadata"]["name"]
            ended = change.body["status"].get("phase") in ("Succeeded", "Failed")
            if ended or change.verb == "DELETED":
                live.setdefault(index, set()).discard(pod)
            else:
                live.setdefault(index, set()).add(pod)
            self.assertLessEqual(len(live[index]), 1, f"{index}: {live[index]}")


class Infrastructure(Story):
    def test_a_pod_deleted_by_hand_is_lost_and_not_counted(self):
        self.scene.job("solo", sim=SECOND)
        self.scene.wait("solo", phase="Running")
        pod = self.scene.pods("solo")[0]["metadata"]["name"]
        self.scene.delete("Pod", pod)
        status = self.scene.wait("solo", phase="Succeeded")
        self.scene.wait_event("solo", "PodLost", pod)
        self.assertEqual((status["attempt"], status["failures"]), (2, 0))

    def test_a_lost_pod_restarts_its_gang(self):
        self.scene.job("gang", replicas=3, sim=SECOND)
        self.scene.wait("gang", phase="Running", ready="3/3")
        self.scene.delete("Pod", self.scene.pods("gang")[1]["metadata"]["name"])
        self.scene.wait_event("gang", "PodLost")
        self.assertEqual(self.scene.wait("gang", phase="Succeeded", attempt=2)["failures"], 0)
        self.assertEqual([p["metadata"]["labels"]["scheduler.io/attempt"]
                          for p in self.scene.pods("gang")], ["2"] * 3)

    def test_a_deleted_node_moves_the_gang(self):
        nodes = self.scene.own_nodes(2, gpus=8)
        self.scene.job("gang", replicas=2, gpu=4, sim=SECOND)
        self.scene.wait("gang", phase="Running", ready="2/2")
        used = {p["spec"]["nodeName"] for p in self.scene.pods("gang")}
        self.assertEqual(len(used), 1)
        gone = used.pop()
        self.scene.kube.delete(f"/api/v1/nodes/{gone}")
        for pod in self.scene.pods("gang"):  # as the pod collector does every 20 s
            self.scene.kube.delete(f"/api/v1/namespaces/{self.scene.name}/pods/"
                                   f"{pod['metadata']['name']}", {"gracePeriodSeconds": 0})
        status = self.scene.wait("gang", phase="Succeeded", attempt=2)
        self.assertEqual(status["failures"], 0)
        left = {p["spec"]["nodeName"] for p in self.scene.pods("gang")}
        self.assertEqual(left, set(nodes) - {gone})

    def test_a_gang_that_may_run_twice_does_not_wait_for_a_node_that_nobody_hears(self):
        self.scene.own_nodes(3, gpus=8)
        self.scene.job("gang", replicas=2, gpu=8, sim=SECOND, unreachableSeconds=5,
                       podReplacementPolicy="TerminatingOrFailed")
        self.scene.wait("gang", phase="Running", ready="2/2")
        lost = self.scene.pods("gang")[0]
        pod, node = lost["metadata"]["name"], lost["spec"]["nodeName"]
        self.house.tool("node", node, "notready")
        status = self.scene.wait("gang", phase="Succeeded", attempt=2)
        self.assertEqual(status["failures"], 0)
        self.scene.wait_event("gang", "MayRunTwice", pod, node)
        left = self.scene.mirror.get("Pod", self.scene.name, pod)
        self.assertIn("deletionTimestamp", left["metadata"])
        self.assertEqual(left["status"]["phase"], "Running")
        service = self.scene.kube.get(path_of("Service", self.scene.name, "gang"))
        self.assertEqual(service["spec"]["selector"]["scheduler.io/attempt"], "2")
        self.house.tool("node", node, "ready")
        self.scene.gone("Pod", pod)
        self.assertEqual(self.scene.status("gang")["phase"], "Succeeded")

    def test_a_gang_that_is_not_ready_in_time_gives_its_place_back(self):
        self.scene.job("slow", replicas=2, gang={"timeoutSeconds": 8},
                       sim={"waiting-reason": "ErrImagePull", "fail-index": 1, "fail-attempt": 1,
                            "run-seconds": 5})
        status = self.scene.wait("slow", phase="Pending", reason="WaitingForRetry")
        self.assertRegex(status["message"],
                         r"[01] of 2 pods were Ready within spec\.gang\.timeoutSeconds, 8 s")
        # What has finished stays for its logs; what waits must go.
        self.scene.until("the waiting pod gone", lambda: not [
            pod for pod in self.scene.pods("slow")
            if pod["metadata"]["labels"]["scheduler.io/attempt"] == "1"
            and pod["status"]["phase"] == "Pending"], about="slow")
        self.scene.wait_event("slow", "GangTimeout")
        status = self.scene.wait("slow", phase="Succeeded")
        self.assertGreaterEqual(status["attempt"], 2)
        self.assertEqual(status["failures"], 0)
