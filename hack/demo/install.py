"""Puts Muster into a cluster for the demo: CRDs, roles and admission policies of the chart under the
release name muster-demo, without the Deployment, because the two replicas run on this machine."""

import json
import subprocess
import time

import yaml

from . import samples
from .kubectl import LEASE, OPERATOR, RELEASE, ROOT, SYSTEM, DemoError, name_of, tool
from .state import DIRECTORY

MUTATING = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
IN_CLUSTER_ONLY = {"Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy", "ConfigMap"}
REPLICAS = 2


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


def ours(objects):
    """Without the right to see in kube-system how many API servers there are: on a cluster of the
    user's the demo touches its own namespaces only, and a leader waits one lease duration instead."""
    return [item for item in objects if item["metadata"].get("namespace", SYSTEM) == SYSTEM]


def server_version(kubectl):
    return json.loads(kubectl.run("version", "-o", "json"))["serverVersion"]["gitVersion"]


def install(kubectl, state):
    """Applies everything, but on a cluster of the user's no CRD that was there before; remembers those
    that were not."""
    objects = render(kubectl)
    crds = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    if not crds:
        raise DemoError("the chart holds no CRD")
    names = [item["metadata"]["name"] for item in crds]
    made = state.data.get("made_crds", [])
    missing = set(names) - set(present_crds(kubectl))
    state.data["made_crds"] = [name for name in names if name in missing or name in made]
    state.save()
    if not state.data["own_cluster"]:
        crds = [item for item in crds if item["metadata"]["name"] in state.data["made_crds"]]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}
    rest = [item for item in objects if item["kind"] != "CustomResourceDefinition"]
    if not state.data["own_cluster"]:
        rest = ours(rest)
    apply(kubectl, [namespace] + crds)
    apply(kubectl, rest)
    apply(kubectl, [stand_in(index) for index in range(REPLICAS)])
    wait_established(kubectl, names)
    wait_admitted(kubectl)


def present_crds(kubectl):
    return {name_of(item): item for item in kubectl.items("customresourcedefinitions")}


def refuse_other_crds(kubectl):
    """CRDs of the user's are used if they hold all that ours say; they are never changed."""
    present = present_crds(kubectl)
    for item in render(kubectl):
        if item["kind"] != "CustomResourceDefinition" or name_of(item) not in present:
            continue
        ours = kubectl.run("apply", "--server-side", "--force-conflicts", "--dry-run=server",
                           "-o", "json", "-f", "-", text=yaml.safe_dump(item))
        if json.loads(ours)["spec"] != present[name_of(item)]["spec"]:
            raise DemoError(f"this cluster has the CRD {name_of(item)} in another version; the demo"
                            " does not overwrite it: delete it if nobody needs it, or unset"
                            " KUBECONFIG for a cluster of the demo's own")


def is_established(crd):
    # A CRD that has just been created has null for conditions, which `kubectl wait` fails at.
    conditions = crd.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def wait_established(kubectl, names):
    end = time.monotonic() + 30
    while True:
        crds = json.loads(kubectl.run("get", "crd", *names, "-o", "json"))["items"]
        missing = [name_of(crd) for crd in crds if not is_established(crd)]
        if not missing:
            return
        if time.monotonic() > end:
            raise DemoError(f"the API server does not serve {', '.join(missing)}")
        time.sleep(0.1)


def wait_admitted(kubectl):
    """Admission policies learn of new kinds with a delay: until then every Job is refused."""
    probe = {"apiVersion": "scheduler.io/v1", "kind": "Job", "spec": {"image": "busybox:1.36"},
             "metadata": {"name": "probe", "namespace": "default"}}
    end = time.monotonic() + 60
    while True:
        done = kubectl.try_run("create", "--dry-run=server", "-f", "-", text=json.dumps(probe))
        if done.returncode == 0:
            return
        if "not found" not in done.stderr or time.monotonic() > end:
            raise DemoError(f"Jobs are refused: {done.stderr.strip()}")
        time.sleep(0.2)


def apply(kubectl, objects):
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-",
                text=yaml.safe_dump_all(objects), timeout=120)


def remove(kubectl, state):
    """Everything that install() and the samples made; policies go before what they guard."""
    if kubectl.try_run("get", "crd", "tenants.scheduler.io").returncode == 0:
        kubectl.run("delete", "tenants.scheduler.io", "--ignore-not-found", *samples.tenants())
    objects = render(kubectl)
    policies = [item for item in objects if "AdmissionPolicy" in item["kind"]]
    rest = [item for item in ours(objects) if item not in policies
            and item["kind"] != "CustomResourceDefinition"]
    for group in (policies, rest):
        kubectl.run("delete", "--ignore-not-found", "-f", "-", text=yaml.safe_dump_all(group))
    spaces = [item["metadata"]["name"] for item in kubectl.items("namespaces")
              if item["metadata"]["name"] in samples.namespaces() | {SYSTEM}]
    if spaces:
        kubectl.run("delete", "namespace", "--ignore-not-found", *spaces, timeout=180)
    if state.data.get("made_crds"):
        kubectl.run("delete", "crd", "--ignore-not-found", *state.data["made_crds"], timeout=120)


def identity(index):
    """The pod that replica `index` passes for."""
    return f"operator-{index}"


def stand_in(index):
    """A pod that never runs, because of its gate: the token of a replica is bound to it, so that the
    API server knows a replica on this machine by its pod name, as it would in the cluster."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": identity(index), "namespace": SYSTEM},
        "spec": {"serviceAccountName": OPERATOR, "automountServiceAccountToken": False,
                 "schedulingGates": [{"name": "scheduler.io/runs-outside"}],
                 "securityContext": {"runAsNonRoot": True, "runAsUser": 65532,
                                     "seccompProfile": {"type": "RuntimeDefault"}},
                 "containers": [{"name": "operator", "image": "muster-operator:outside",
                                 "securityContext": security}]}}


def credentials(kubectl, state, index):
    """A kubeconfig with a token of the operator's ServiceAccount, bound to the stand-in pod."""
    hours = 720 if state.data["own_cluster"] else 24
    pod = json.loads(kubectl.run("get", "pod", identity(index), "-n", SYSTEM, "-o", "json"))
    token = kubectl.run("create", "token", OPERATOR, "-n", SYSTEM, f"--duration={hours}h",
                        "--bound-object-kind=Pod", f"--bound-object-name={identity(index)}",
                        f"--bound-object-uid={pod['metadata']['uid']}").strip()
    view = json.loads(kubectl.run("config", "view", "--minify", "--raw", "--flatten", "-o", "json"))
    view["users"] = [{"name": "operator", "user": {"token": token}}]
    view["contexts"] = [{"name": "operator", "context": {
        "cluster": view["clusters"][0]["name"], "user": "operator"}}]
    view["current-context"] = "operator"
    path = DIRECTORY / f"{identity(index)}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(view))
    return str(path)


def lease_holder(kubectl):
    done = kubectl.try_run("get", "lease", LEASE, "-n", SYSTEM, "-o",
                           "jsonpath={.spec.holderIdentity}")
    return done.stdout.strip()
