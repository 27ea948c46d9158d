"""Nodes that report nonsense: one sentence names the node and the field, nothing new goes there, what
runs there stays, and every other node is used as ever."""

from kube_client import ApiError
from poison_objects import PoisonStory
from scrape import scrape
from story import template

GPU = "nvidia.com/gpu"
# Name -> status.allocatable, and the field of the sentence.  The API server refuses some by itself.
NONSENSE = {
    "negative-cpu": ({"cpu": "-4"}, "cpu"),
    "negative-gpu": ({GPU: "-1"}, GPU),
    "half-a-gpu": ({GPU: "500m"}, GPU),
    "letters": ({"memory": "plenty"}, "memory"),
    "a-list": ({"cpu": ["1"]}, "cpu"),
    "many-cpus": ({"cpu": "9E"}, "cpu"),
    "many-gpus": ({GPU: "9223372036854775807"}, GPU),
    "more-gpus": ({GPU: "99999999999999999999E"}, GPU),
    "much-memory": ({"memory": "1e30"}, "memory"),
}
SANE = {"cpu": "32", "memory": "256Gi", GPU: "8"}


class Nodes(PoisonStory):
    def report(self, node, amounts):
        """As its kubelet reports it; whether the API server took it."""
        try:
            self.scene.kube.patch(f"/api/v1/nodes/{node}/status", {
                "status": {"allocatable": {**SANE, **amounts}}})
            return True
        except ApiError as error:
            self.assertIn(error.code, (400, 422), f"{amounts}: {error}")
            return False

    def set_aside(self):
        return scrape(self.house.replicas[0]).sum("gpu_scheduler_poison_objects", kind="Node")

    def job_on(self, node, name):
        self.scene.job(name, tasks=[{"name": "main", "template": template(
            gpu=1, nodeSelector={"kubernetes.io/hostname": node})}])

    def test_a_node_that_reports_nonsense(self):
        scene = self.scene
        nodes = dict(zip(NONSENSE, scene.own_nodes(len(NONSENSE) + 1)))
        for what, node in nodes.items():
            self.job_on(node, f"was-on-{what}")
        for what in nodes:
            scene.wait(f"was-on-{what}", phase="Running")
        taken = [what for what, node in nodes.items() if self.report(node, NONSENSE[what][0])]
        self.assertIn("many-cpus", taken)
        self.assertIn("many-gpus", taken)
        print(f"the API server takes {taken}", flush=True)
        scene.until("all set aside", lambda: self.set_aside() == len(taken))

        log = self.house.replicas[0].log.read_text(errors="replace").splitlines()
        for what in taken:
            told = [line for line in log if f"Node {nodes[what]}" in line]
            self.assertEqual(len(told), 1, told)
            self.assertIn(f"status.allocatable.{NONSENSE[what][1]} ", told[0])
            self.assertIn("object set aside", told[0])
            self.job_on(nodes[what], f"new-on-{what}")
        for what in taken:
            status = scene.wait(f"new-on-{what}", phase="Pending", reason="NodesUnhealthy")
            self.assertTrue(status["message"])
        scene.job("elsewhere", gpu=8)  # there is a node that says what it has
        scene.wait("elsewhere", phase="Running")
        self.still_works()
        for what in nodes:
            status = scene.status(f"was-on-{what}")
            self.assertEqual((status["phase"], status["attempt"]), ("Running", 1))

        for what in taken:
            self.report(nodes[what], {})
            scene.wait(f"new-on-{what}", phase="Running")
        scene.until("none set aside", lambda: self.set_aside() == 0)
