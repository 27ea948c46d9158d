"""Simulated nodes (KWOK): what they look like, and what can be done to them."""

import datetime

import yaml

from .api import ApiError, wait_for
from .errors import ClusterError

# KWOK keeps the nodes with this label alive. It selects on the server, so that a node which loses
# the label is gone for KWOK: its heartbeats and its pods stand still, like those of a dead kubelet.
KUBELET_LABEL = "sim.scheduler.io/kubelet"
GPU = "nvidia.com/gpu"
NODES_PER_RACK = 4
RACKS_PER_BLOCK = 4
BLOCKS_PER_ZONE = 4
MODELS = {"NVIDIA-H100-80GB-HBM3": "81559", "NVIDIA-A100-SXM4-80GB": "81920"}


def name_of(index):
    return f"node-{index:03d}"


def build(options, overrides):
    """The Node objects for options (nodes, gpus_per_node, cpu, memory, a100_fraction)."""
    unknown = set(overrides) - {name_of(i) for i in range(options["nodes"])}
    if unknown:
        raise ClusterError(f"--labels-file names nodes that do not exist: {sorted(unknown)}")
    now = _now()
    return [_node(index, options, overrides.get(name_of(index), {}), now)
            for index in range(options["nodes"])]


def read_overrides(path):
    """--labels-file: a mapping node -> labels; a null value removes a label."""
    with open(path, encoding="utf-8") as text:
        document = yaml.safe_load(text) or {}
    for node, labels in document.items():
        if not isinstance(labels, dict):
            raise ClusterError(f"{path}: {node} must be a mapping of labels")
    return document


def _labels(index, options):
    first_a100 = round(options["nodes"] * (1 - options["a100_fraction"]))
    h100, a100 = MODELS
    model = h100 if index < first_a100 else a100
    rack = index // NODES_PER_RACK
    block = rack // RACKS_PER_BLOCK
    labels = gpu_labels(options["gpus_per_node"], model) | {
        KUBELET_LABEL: "kwok", "kubernetes.io/hostname": name_of(index),
        "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{block // BLOCKS_PER_ZONE}",
        "scheduler.io/block": f"block-{block}", "scheduler.io/rack": f"rack-{rack}",
    }
    return labels


def gpu_labels(count, model="NVIDIA-H100-80GB-HBM3"):
    """What GPU feature discovery says about a node."""
    if not count:
        return {}
    return {"nvidia.com/gpu.product": model, "nvidia.com/gpu.memory": MODELS[model],
            "nvidia.com/gpu.count": str(count)}


def _node(index, options, overrides, now):
    labels = _labels(index, options) | {k: str(v) for k, v in overrides.items() if v is not None}
    for key, value in overrides.items():
        if value is None:
            labels.pop(key, None)
    resources = {"cpu": options["cpu"], "memory": options["memory"], "pods": "250",
                 "ephemeral-storage": "1Ti"}
    if options["gpus_per_node"]:
        resources[GPU] = str(options["gpus_per_node"])
    pod_range = f"10.{64 + index // 256}.{index % 256}.0/24"
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name_of(index), "labels": labels},
        "spec": {"podCIDR": pod_range, "podCIDRs": [pod_range]},
        "status": {
            "capacity": resources, "allocatable": resources,
            "addresses": [{"type": "InternalIP", "address": f"10.32.{index >> 8}.{index & 255}"},
                          {"type": "Hostname", "address": name_of(index)}],
            "conditions": _conditions(now),
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.36.3",
                "kubeProxyVersion": "", "containerRuntimeVersion": "kwok://0.8.0",
                "kernelVersion": "6.1.0", "osImage": "simulated", "bootID": "", "machineID": "",
                "systemUUID": ""},
        },
    }


def _conditions(now):
    table = [("Ready", "True", "KubeletReady"),
             ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
             ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
             ("PIDPressure", "False", "KubeletHasSufficientPID")]
    return [{"type": kind, "status": status, "reason": reason, "message": "simulated",
             "lastHeartbeatTime": now, "lastTransitionTime": now} for kind, status, reason in table]


def _now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_ready(node):
    """Ready and free of the not-ready taints that keep pods away."""
    conditions = node.get("status", {}).get("conditions", [])
    good = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    taints = node.get("spec", {}).get("taints", [])
    return good and not any(t["key"].startswith("node.kubernetes.io/") for t in taints)


def wait_ready(api, count, deadline=120):
    def all_ready():
        return sum(map(is_ready, api.get("/api/v1/nodes")["items"])) >= count
    wait_for(f"{count} Ready nodes", all_ready, deadline, 0.1)


class NodeControl:
    """`cluster node NAME …`: trouble on demand."""

    def __init__(self, api):
        self._api = api

    def lost(self, name):
        """The kubelet falls silent; the node controller notices after the grace period."""
        self._patch(name, {"metadata": {"labels": {KUBELET_LABEL: None}}})

    def notready(self, name):
        """As lost, and the node is NotReady at once, as if the grace period had passed."""
        self.lost(name)
        self._condition(name, "Unknown", "NodeStatusUnknown",
                        "Kubelet stopped posting node status.")

    def ready(self, name):
        """The kubelet is back: heartbeats, status and pods go on."""
        self._patch(name, {"metadata": {"labels": {KUBELET_LABEL: "kwok"}}})

    def gpus(self, name, count):
        """Leaves `count` GPUs allocatable, as a device plugin does that finds sick ones."""
        node = self._get(name)
        capacity = int(node["status"]["capacity"].get(GPU, "0"))
        if not 0 <= count <= capacity:
            raise ClusterError(f"{name} has {capacity} GPUs; give a number from 0 to {capacity}")
        self._patch(name, {"status": {"allocatable": {GPU: str(count)}}}, "/status")

    def _condition(self, name, status, reason, message):
        now = _now()
        self._patch(name, {"status": {"conditions": [{
            "type": "Ready", "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now}]}}, "/status", "strategic-merge")

    def _get(self, name):
        try:
            return self._api.get(f"/api/v1/nodes/{name}")
        except ApiError as error:
            raise ClusterError(str(error)) from error

    def _patch(self, name, body, subresource="", kind="merge"):
        self._get(name)
        self._api.patch(f"/api/v1/nodes/{name}{subresource}", body, kind)
