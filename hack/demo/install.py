"""Puts Muster into a cluster for the demo: CRDs, roles and admission policies of the chart under the
release name muster-demo, without the Deployment, because the two replicas run on this machine."""

import json
import subprocess

import yaml

from . import target
from .kubectl import LEASE, OPERATOR, RELEASE, ROOT, SYSTEM, DemoError, tool
from .state import DIRECTORY

MUTATING = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
IN_CLUSTER_ONLY = {"Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy", "ConfigMap"}
REPLICAS = 2
OPERATOR_GROUP = "muster:operators"  # of the client certificates that tests/cluster makes


def render(kubectl):
    """The chart's objects as this cluster should get them."""
    versions = []
    served = kubectl.try_run("get", "--raw", "/apis/admissionregistration.k8s.io/v1")
    if served.returncode == 0 and "mutatingadmissionpolicies" in served.stdout:
        versions = ["--api-versions", MUTATING]
    done = subprocess.run(
        [tool("helm"), "template", RELEASE, str(ROOT / "charts/muster"), "--namespace", SYSTEM,
         "--no-hooks", "--kube-version", server_version(kubectl), *versions],
        text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DemoError(f"helm template: {done.stderr.strip()}")
    return [item for item in yaml.safe_load_all(done.stdout)
            if item and item["kind"] not in IN_CLUSTER_ONLY]


def server_version(kubectl):
    return json.loads(kubectl.run("version", "-o", "json"))["serverVersion"]["gitVersion"]


def install(kubectl, state):
    """Applies everything; remembers which CRDs were not there before."""
    objects = render(kubectl)
    crds = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    if not crds:
        raise DemoError("the chart holds no CRD")
    before = {item["metadata"]["name"] for item in kubectl.items("customresourcedefinitions")}
    names = [item["metadata"]["name"] for item in crds]
    state.data["made_crds"] = [name for name in names if name not in before]
    state.save()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}
    rest = [item for item in objects if item["kind"] != "CustomResourceDefinition"]
    rest += group_bindings(objects) if state.data["own_cluster"] else []
    apply(kubectl, [namespace] + crds)
    apply(kubectl, rest)
    kubectl.run("wait", "--for=condition=Established", "--timeout=30s",
                *[f"crd/{name}" for name in names])


def group_bindings(objects):
    """The chart's two bindings once more, for replicas that use client certificates."""
    made = []
    for item in objects:
        if item["kind"] in ("ClusterRoleBinding", "RoleBinding"):
            copy = json.loads(json.dumps(item))
            copy["metadata"]["name"] += "-certificates"
            copy["subjects"] = [{"kind": "Group", "name": OPERATOR_GROUP,
                                 "apiGroup": "rbac.authorization.k8s.io"}]
            made.append(copy)
    return made


def apply(kubectl, objects):
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-",
                text=yaml.safe_dump_all(objects), timeout=120)


def remove(kubectl, state):
    """Everything that install() and the samples made; policies go before what they guard."""
    kubectl.run("delete", "--ignore-not-found", "--wait=false", "tenants.scheduler.io",
                *sample_tenants()) if state.data.get("made_crds") is not None else None
    objects = render(kubectl)
    policies = [item for item in objects if "AdmissionPolicy" in item["kind"]]
    rest = [item for item in objects if item not in policies
            and item["kind"] != "CustomResourceDefinition"]
    for group in (policies, rest):
        kubectl.run("delete", "--ignore-not-found", "-f", "-", text=yaml.safe_dump_all(group))
    spaces = [item["metadata"]["name"] for item in kubectl.items("namespaces")
              if item["metadata"]["name"] in sample_namespaces() | {SYSTEM}]
    if spaces:
        kubectl.run("delete", "namespace", "--ignore-not-found", *spaces, timeout=180)
    if state.data.get("made_crds"):
        kubectl.run("delete", "crd", "--ignore-not-found", *state.data["made_crds"], timeout=120)


def samples():
    return sorted((ROOT / "manifests" / "samples").glob("[0-9]*.yaml"))


def sample_objects():
    return [item for path in samples() for item in yaml.safe_load_all(path.read_text()) if item]


def sample_tenants():
    return [o["metadata"]["name"] for o in sample_objects() if o["kind"] == "Tenant"]


def sample_namespaces():
    return {o["metadata"]["name"] for o in sample_objects() if o["kind"] == "Namespace"}


def credentials(kubectl, state, index):
    """A kubeconfig for replica `index`: certificates on our own cluster, else a token."""
    if state.data["own_cluster"]:
        return target.operator_kubeconfig(index)
    token = kubectl.run("create", "token", OPERATOR, "-n", SYSTEM, "--duration=24h").strip()
    view = json.loads(kubectl.run("config", "view", "--minify", "--flatten", "-o", "json"))
    view["users"] = [{"name": "operator", "user": {"token": token}}]
    view["contexts"] = [{"name": "operator", "context": {
        "cluster": view["clusters"][0]["name"], "user": "operator"}}]
    view["current-context"] = "operator"
    path = DIRECTORY / f"operator-{index}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(view))
    return str(path)


def lease_holder(kubectl):
    done = kubectl.try_run("get", "lease", LEASE, "-n", SYSTEM, "-o",
                           "jsonpath={.spec.holderIdentity}")
    return done.stdout.strip()
