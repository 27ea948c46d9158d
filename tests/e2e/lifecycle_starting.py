"""How jobs start, and what they write: singles, gangs, both forms, the environment of their pods."""

from story import Story, template


def env_of(pod):
    return {e["name"]: e.get("value") for e in pod["spec"]["containers"][0].get("env", [])}


def true_conditions(status):
    return [c["type"] for c in status.get("conditions", []) if c["status"] == "True"]


def listing(writes):
    return "\n".join(map(repr, writes))


class Writes(Story):
    """Counted from the audit log: what the operator wrote, dry runs apart."""

    def of_jobs(self):
        """Statuses of the Tenant go by time, and the namespace was claimed before."""
        return [w for w in self.scene.operator_writes()
                if not w.resource.startswith(("namespaces", "tenants"))]

    def quiet(self, seconds):
        """Waits until nothing of the scene was written for so long."""
        state = {"writes": None, "since": 0.0}

        def still():
            now = self.scene.now()
            count = len(self.scene.operator_writes())
            if count != state["writes"]:
                state.update(writes=count, since=now)
            return now - state["since"] >= seconds
        self.scene.until(f"{seconds} s without a write", still)

    def spread(self, job, reached):
        """Seconds between the first and the last pod of which `reached` was true."""
        at = {}
        for change in self.scene.pod_changes(job):
            if reached(change.body.get("status", {})):
                at.setdefault(change.body["metadata"]["name"], change.at)
        return max(at.values()) - min(at.values())

    def test_a_single_takes_four_writes(self):
        self.scene.short("one", command=["sleep", "2"])
        self.scene.wait("one", phase="Succeeded")
        self.quiet(2)
        writes = self.of_jobs()
        self.assertLessEqual(len(writes), 4, listing(writes))
        self.assertEqual(self.scene.phases("one"), ["Running", "Succeeded"])

    def test_a_gang_takes_its_pods_and_five_writes(self):
        self.scene.job("g", replicas=6, sim={"run-seconds": 4})
        self.scene.wait("g", phase="Succeeded")
        self.quiet(2)
        # Where a busy machine spreads their ends over seconds, each may be told.
        spread = self.spread("g", lambda s: "Ready" in true_conditions(s)) + self.spread(
            "g", lambda s: s.get("phase") == "Succeeded")
        writes = self.of_jobs()
        self.assertLessEqual(len(writes), 6 + 5 + int(spread), listing(writes))
        self.assertEqual(self.scene.phases("g"), ["Scheduling", "Running", "Succeeded"])

    def test_nothing_is_written_when_nothing_changes(self):
        self.scene.own_nodes(1, gpus=2, resourceQuota={"cpu": 4})
        self.scene.short("runs")
        self.scene.job("gang-runs", replicas=2, gpu=1)
        self.scene.job("too-large", cpu="5")
        self.scene.short("held", suspend=True)
        self.scene.wait("runs", phase="Running")
        self.scene.wait("gang-runs", phase="Running", ready="2/2")
        self.scene.wait("too-large", phase="Pending", reason="ExceedsMaxQuota")
        self.scene.wait("held", phase="Suspended")
        self.scene.job("no-room", gpu=1)
        self.scene.wait("no-room", phase="Pending", reason="GangIncomplete")
        self.quiet(12)  # a waiting job may be told anew every ten seconds


class Starting(Story):
    def test_both_forms_become_pods(self):
        self.scene.short("short", replicas=2, args=["-v"], command=["sleep", "1"],
                         resources={"cpu": "500m", "memory": "128Mi", "gpu": 1},
                         sharedMemory="64Mi", env=[{"name": "A", "value": "1"}])
        full = template(sim={"run-seconds": 1})
        full["metadata"]["labels"] = {"team": "vision"}
        self.scene.job("full", tasks=[{"name": "solo", "replicas": 1, "template": full}])
        self.scene.wait("short", phase="Succeeded")
        self.scene.wait("full", phase="Succeeded")
        pod = self.scene.pods("short")[0]
        container = pod["spec"]["containers"][0]
        self.assertEqual(container["resources"]["limits"]["nvidia.com/gpu"], "1")
        self.assertEqual(container["resources"]["requests"]["cpu"], "500m")
        self.assertEqual((container["command"], container["args"]), (["sleep", "1"], ["-v"]))
        self.assertIn("/dev/shm", [m["mountPath"] for m in container["volumeMounts"]])
        self.assertEqual(pod["metadata"]["labels"]["scheduler.io/task"], "main")
        self.assertEqual(self.scene.status("short")["gpus"], 2)
        self.assertEqual(self.scene.pods("full")[0]["metadata"]["labels"]["team"], "vision")

    def test_a_gang_of_two_tasks_finds_its_master(self):
        chosen = template(gpu=2)
        chosen["spec"]["containers"][0]["env"] = [{"name": "MASTER_PORT", "value": "1234"}]
        self.scene.job("train", tasks=[
            {"name": "lead", "replicas": 1, "template": template()},
            {"name": "work", "replicas": 2, "template": chosen}])
        self.scene.wait("train", phase="Running", ready="3/3")
        pods = sorted(self.scene.pods("train"), key=lambda p: int(env_of(p)["RANK"]))
        self.assertEqual([p["spec"]["hostname"] for p in pods],
                         ["train-lead-0", "train-work-0", "train-work-1"])
        for rank, pod in enumerate(pods):
            env = env_of(pod)
            self.assertEqual({k: env[k] for k in ("WORLD_SIZE", "RANK", "LOCAL_WORLD_SIZE",
                                                  "PET_NNODES", "PET_NODE_RANK")},
                             {"WORLD_SIZE": "3", "RANK": str(rank), "LOCAL_WORLD_SIZE": "1",
                              "PET_NNODES": "3", "PET_NODE_RANK": str(rank)})
            self.assertRegex(env["MASTER_ADDR"], r"^train-lead-0\.train\b")
            self.assertEqual(env["PET_NPROC_PER_NODE"], "2" if rank else "1")
            self.assertEqual(env["MASTER_PORT"], "1234" if rank else "29500")
            self.assertEqual(pod["spec"]["subdomain"], "train")
        service = self.scene.until("Service", lambda: self.mirror_service("train"))
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertTrue(service["spec"]["publishNotReadyAddresses"])

    def mirror_service(self, name):
        return self.scene.mirror.get("Service", self.scene.name, name)

    def test_a_gang_is_never_created_in_part(self):
        self.scene.own_nodes(1, gpus=8)
        self.scene.job("first", gpu=3)
        self.scene.wait("first", phase="Running")
        self.scene.job("gang", replicas=2, gpu=4, sim={"run-seconds": 1})
        self.scene.wait("gang", phase="Pending", reason="GangIncomplete")
        self.assertEqual(self.scene.pod_changes("gang"), [])
        self.scene.patch("first", cancel=True)
        self.scene.wait("gang", phase="Succeeded")
        self.assertEqual(len(self.scene.pod_changes("gang", "ADDED")), 2)
        self.assertEqual({p["spec"]["nodeName"] for p in self.scene.pods("gang")},
                         {self.scene.name + "-0"})

    def test_independent_pods_start_as_room_appears(self):
        self.scene.own_nodes(1, gpus=0, cpu="2")
        self.scene.job("many", replicas=5, sim={"run-seconds": 2}, gang={"minMember": 1})
        self.scene.until("two pods", lambda: len(self.scene.running("many")) == 2)
        self.scene.wait("many", phase="Succeeded")
        self.assertEqual(self.scene.status("many")["tasks"][0]["succeeded"], "0-4")
        live, most = set(), 0
        for change in self.scene.pod_changes("many"):
            name = change.body["metadata"]["name"]
            ended = change.body["status"].get("phase") in ("Succeeded", "Failed")
            (live.discard if ended or change.verb == "DELETED" else live.add)(name)
            most = max(most, len(live))
        self.assertLessEqual(most, 2)

    def test_what_a_container_waits_for_is_in_pods_ready(self):
        self.scene.job("pull", sim={"waiting-reason": "ImagePullBackOff"})
        ready = self.scene.until("reason", lambda: (
            c := self.scene.condition("pull", "PodsReady")) and c["reason"] != "Starting" and c,
            about="pull")
        self.assertEqual((ready["status"], ready["reason"]), ("False", "ImagePullBackOff"))
        self.assertIn("busybox:1.36", ready["message"])
        self.assertEqual(self.scene.status("pull")["phase"], "Scheduling")
