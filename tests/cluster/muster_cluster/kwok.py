"""KWOK: the simulated kubelets of all simulated nodes, one process."""

import pathlib

import yaml

from . import nodes, tools
from .rbac import bind_cluster_role, create_cluster_role

STAGES = pathlib.Path(__file__).resolve().parent.parent / "stages"


def configuration(grace):
    """KWOK's own configuration document; a Lease is renewed three times a grace period."""
    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration",
        "metadata": {"name": "kwok"},
        "options": {
            "manageNodesWithLabelSelector": f"{nodes.KUBELET_LABEL}=kwok",
            "nodeLeaseDurationSeconds": max(4, grace * 4 // 3),
            "nodeLeaseParallelism": 8, "nodePlayStageParallelism": 8,
            "podPlayStageParallelism": 32, "podsOnNodeSyncParallelism": 4,
            "enableDebuggingHandlers": False,
        },
    }


def start(state, processes, prefix):
    documents = [configuration(state.data["node_grace"])]
    for path in sorted(STAGES.glob("*.yaml")):
        documents += yaml.safe_load_all(path.read_text())
    config = state.dir / "kwok.yaml"
    config.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    processes.start("kwok", [*prefix, tools.paths(["kwok"])["kwok"], f"--config={config}",
                             f"--kubeconfig={state.kubeconfig('kwok')}", "--v=warn"])


def grant(api):
    """What a kubelet may do, for KWOK's user."""
    rules = [
        {"apiGroups": [""], "resources": ["nodes", "pods"],
         "verbs": ["get", "list", "watch", "patch", "delete"]},
        {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
         "verbs": ["get", "list", "watch", "create", "update", "patch"]},
    ]
    create_cluster_role(api, "muster-kwok", rules)
    bind_cluster_role(api, "muster-kwok", "muster-kwok", "muster-kwok")


def free_leases(api):
    """A new KWOK process would wait until the node Leases of the last one have run out."""
    api.delete("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")
