"""Who makes room for whom, by which rule, and what the parties are told."""

from story import Story, unix


class Sharing(Story):
    def test_weights_share_a_full_cluster(self):
        node = self.scene.own_nodes(1, gpus=8)[0]
        heavy = self.new_scene("weighted-three", None)
        heavy.pool = self.scene.pool
        heavy.set_tenant({"weight": 3})
        self.scene.kube.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
        for scene in (self.scene, heavy):
            for i in range(8):
                scene.job(f"j{i}", gpu=1)
        for scene in (self.scene, heavy):
            scene.wait("j7", phase="Pending")
        self.scene.kube.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})
        self.scene.until("eight run", lambda: sum(self.started(s) for s in (
            self.scene, heavy)) == 8)
        self.assertEqual((self.started(self.scene), self.started(heavy)), (2, 6))

    @staticmethod
    def started(scene):
        return len([job for job in scene.mirror.all("Job", scene.name)
                    if job.get("status", {}).get("phase") == "Running"])


class Reclaim(Story):
    def test_a_guarantee_is_taken_back_from_a_borrower(self):
        scene, borrower = self.scene, self.new_scene("borrower", None)
        scene.own_nodes(1, gpus=8, guaranteed={"gpu": 4}, resourceQuota={"gpu": 8})
        borrower.pool = scene.pool
        borrower.set_tenant({})
        for name in ("one", "two"):
            borrower.job(name, replicas=2, gpu=2, sim={"stop-seconds": 2})
            borrower.wait(name, phase="Running")
        self.assertTrue(borrower.status("one")["placement"]["borrowing"])
        scene.job("owner", gpu=4, sim={"run-seconds": 3})
        scene.wait("owner", phase="Succeeded")
        victims = [n for n in ("one", "two") if borrower.status(n)["preemptions"]]
        self.assertEqual(len(victims), 1)
        victim = victims[0]
        self.told(borrower, victim)
        borrower.wait(victim, phase="Running", attempt=2, preemptions=1)
        self.assertEqual(borrower.status(victim)["failures"], 0)

    def told(self, borrower, victim):
        """Both parties have an event with names, shares and rule; the victim has conditions."""
        scene = self.scene
        names = (f"{scene.name}/owner", f"{borrower.name}/{victim}", "Reclaim", "borrows", "->")
        borrower.wait_event(victim, "Preempted", *names)
        scene.wait_event("owner", "PreemptedWorkload", *names)
        self.assertIn("Preempting", borrower.phases(victim))
        self.assertIn("Reclaimed", borrower.reasons(victim, "Preempted"))
        self.assertEqual(borrower.condition(victim, "Requeued")["status"], "True")

    def test_without_a_guarantee_priority_does_not_cross_tenants(self):
        scene, other = self.scene, self.new_scene("other-low", None)
        scene.own_nodes(1, gpus=8)
        other.pool = scene.pool
        other.set_tenant({})
        other.job("low", gpu=8, priority="low")
        other.wait("low", phase="Running")
        scene.job("high", gpu=8, priority="critical")
        scene.wait("high", phase="Pending", reason="GangIncomplete")
        self.assertEqual(other.status("low")["phase"], "Running")
        self.assertEqual(other.status("low")["preemptions"], 0)


class Priority(Story):
    def test_a_whole_gang_makes_room_after_its_grace_and_runs_again(self):
        scene = self.scene
        scene.own_nodes(1, gpus=8)
        scene.job("low", replicas=4, gpu=2, priority="low", sim={"stop-seconds": 4})
        scene.wait("low", phase="Running", ready="4/4")
        scene.job("high", gpu=6, priority="high", sim={"run-seconds": 4})
        status = scene.wait("high", phase="Reserved", reason="WaitingForPreemptedWorkloads")
        self.assertIn(f"{scene.name}/low", status["message"])
        scene.job("thief", gpu=4, priority="normal")  # would fit where the victim stops
        scene.wait("high", phase="Succeeded")
        stopping, ended = {}, {}
        for change in scene.pod_changes("low"):
            name = change.body["metadata"]["name"]
            if "deletionTimestamp" in change.body["metadata"]:
                stopping.setdefault(name, change.at)
            if change.verb == "DELETED" or change.body["status"].get("phase") == "Failed":
                ended.setdefault(name, change.at)
        self.assertEqual(len(stopping), 4)
        self.assertGreater(min(ended.values()) - min(stopping.values()), 3)
        # It needs the places of three of the four; one watch tells all of it in order.
        self.assertGreaterEqual(scene.pod_changes("high", "ADDED")[0].at,
                                sorted(ended.values())[2])
        scene.wait_event("low", "Preempted", "low", "high", "Priority", "750 over 250")
        scene.wait_event("high", "PreemptedWorkload", "Priority")
        scene.wait("thief", phase="Running")
        self.assertGreater(scene.pod_changes("thief", "ADDED")[0].at,
                           scene.pod_changes("high", "ADDED")[0].at)
        scene.patch("thief", cancel=True)
        status = scene.wait("low", phase="Running", attempt=2)
        self.assertEqual((status["preemptions"], status["failures"]), (1, 0))

    def test_a_minimum_of_runtime_is_respected(self):
        scene = self.scene
        scene.own_nodes(1, gpus=8)
        scene.job("low", gpu=8, priority="low", preemption={"minRuntimeSeconds": 12})
        scene.wait("low", phase="Running")
        scene.job("high", gpu=8, priority="high")
        held = scene.until("protection is told", lambda: "protected until" in scene.status(
            "high").get("message", "") and scene.status("high"), about="high")
        self.assertEqual(held["phase"], "Pending")
        scene.wait("high", phase="Running")
        seen = [(c.clock, c.body["status"]) for c in scene.mirror.changes("Job", scene.name)
                if c.body["metadata"]["name"] == "low" and "status" in c.body]
        started = unix(next(s["placement"]["committedAt"] for _, s in seen if "placement" in s))
        released = next(clock for clock, s in seen if s["phase"] == "Preempting")
        self.assertGreater(released - started, 11)

    def test_after_the_most_preemptions_it_is_left_alone(self):
        scene = self.scene
        scene.own_nodes(1, gpus=8, preemption={"maxPreemptions": 1})
        scene.job("low", gpu=8, priority="low", preemption={"maxPreemptions": 1})
        scene.wait("low", phase="Running")
        scene.job("first", gpu=8, priority="high", sim={"run-seconds": 2})
        scene.wait("first", phase="Succeeded")
        scene.wait("low", phase="Running", attempt=2)
        scene.job("second", gpu=8, priority="high")
        status = scene.wait("second", phase="Pending", reason="MaxPreemptionsReached")
        self.assertIn("preempted 1 times, the most it allows", status["message"])
        self.assertEqual(scene.status("low")["phase"], "Running")

    def test_who_allows_only_reclaim_is_not_preempted_by_priority(self):
        scene = self.scene
        scene.own_nodes(1, gpus=8)
        scene.job("low", gpu=8, priority="low", preemption={"policy": "Reclaim"})
        scene.wait("low", phase="Running")
        scene.job("high", gpu=8, priority="high")
        scene.wait("high", phase="Pending", reason="GangIncomplete")
        self.assertEqual(scene.status("low")["phase"], "Running")

    def test_a_disruption_budget_orders_victims_and_spares_none(self):
        scene = self.scene
        scene.kube.make("PodDisruptionBudget", {
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "cover", "namespace": scene.name},
            "spec": {"minAvailable": 1, "selector": {"matchExpressions": [
                {"key": "scheduler.io/job", "operator": "In", "values": ["young"]}]}}})
        scene.own_nodes(1, gpus=8)
        for name in ("old", "young"):
            scene.job(name, gpu=4, priority="low")
            scene.wait(name, phase="Running")
        scene.job("high", gpu=4, priority="high")
        scene.wait("high", phase="Running")
        self.assertEqual(scene.status("young")["preemptions"], 0)  # though less of it is lost
        told = scene.wait_event("old", "Preempted")
        self.assertNotIn("PodDisruptionBudget", told["message"])
        scene.job("next", gpu=4, priority="high")
        against = f"against PodDisruptionBudget {scene.name}/cover"
        scene.wait_event("young", "Preempted", against)
        scene.wait_event("next", "PreemptedWorkload", against)
        scene.wait("next", phase="Running")
