"""The objects of manifests/samples: what they are, and what is done with them."""

import yaml

from . import processes
from .kubectl import ROOT, is_ours, name_of


GPU = "nvidia.com/gpu"


def files():
    return sorted((ROOT / "manifests" / "samples").glob("[0-9]*.yaml"))


def objects(*kinds):
    return [item for path in files() for item in yaml.safe_load_all(path.read_text())
            if item and item["kind"] in kinds]


def tenants():
    return [name_of(item) for item in objects("Tenant")]


def namespaces():
    return {name_of(item) for item in objects("Namespace")}


def apply(kubectl, *parts):
    """The files whose names hold one of `parts`, in one go; all without."""
    chosen = [path for path in files() if not parts or any(part in path.name for part in parts)]
    kubectl.run("apply", "--server-side", *[f"--filename={path}" for path in chosen])


def free_nodes(kubectl, gpus):
    """How many nodes have so many GPUs that no pod has asked for."""
    free = {item["metadata"]["name"]: int(item["status"].get("allocatable", {}).get(GPU, 0))
            for item in kubectl.items("nodes") if not item["spec"].get("unschedulable")}
    for pod in kubectl.items("pods", "--field-selector=status.phase!=Succeeded,status.phase!=Failed"):
        for container in pod["spec"]["containers"]:
            asked = container.get("resources", {}).get("requests", {}).get(GPU, 0)
            free[pod["spec"].get("nodeName")] = free.get(pod["spec"].get("nodeName"), 0) - int(asked)
    return sum(left >= gpus for left in free.values())


def remove_jobs(kubectl):
    """Those of an earlier run: what has ended would not run again."""
    ours = objects("Workflow", "Job")
    if not {name_of(item) for item in ours} & _names(kubectl, "jobs.scheduler.io"):
        return
    kubectl.run("delete", "--ignore-not-found", "-f", "-", text=yaml.safe_dump_all(ours),
                timeout=120)
    processes.wait_for("the jobs of the last run to be gone", lambda: not _orphans(kubectl),
                       seconds=90)


def _orphans(kubectl):
    """Jobs of workflows, and pods, that outlive their owner for a moment."""
    found = []
    for kind, label, owners in (("jobs.scheduler.io", "workflow", "workflows.scheduler.io"),
                                ("pods", "job", "jobs.scheduler.io")):
        label = f"scheduler.io/{label}"
        there = _names(kubectl, owners)
        for item in kubectl.items(kind, "-l", label):
            meta = item["metadata"]
            if is_ours(meta["namespace"]):
                owner = f"{meta['namespace']}/{meta['labels'][label]}"
                found += [] if owner in there else [name_of(item)]
    return found


def _names(kubectl, kind):
    return {name_of(item) for item in kubectl.items(kind)}
