"""Which cluster the demo uses: one of its own, or the one that KUBECONFIG names, after asking."""

import os
import pathlib
import subprocess
import sys

from . import install
from .kubectl import CLUSTER, SYSTEM, DemoError, Kubectl
from .state import BASE, CLUSTER_DIR

NODES, GPUS_PER_NODE = 8, 8


def choose(state):
    """A Kubectl for the cluster of this demo, started or confirmed; remembered in `state`."""
    users = _users_kubeconfigs()
    return _users_cluster(state, users) if users else _own_cluster(state)


def refuse_another(state):
    """One demo has one cluster until `make stop`."""
    if not state:
        return
    used = None if state.data.get("own_cluster", True) else state.data["kubeconfig"]
    if (_users_kubeconfigs() or None) != used:
        raise DemoError(
            "a demo has been started on " +
            (f"context {state.data['context']} of KUBECONFIG={used}" if used else
             "a cluster of its own, and KUBECONFIG names another") +
            "; `make stop` ends it, or set KUBECONFIG as it was then")


def _users_kubeconfigs():
    """What KUBECONFIG names, without those of an earlier demo's own cluster."""
    paths = map(os.path.abspath, filter(None, os.environ.get("KUBECONFIG", "").split(os.pathsep)))
    return os.pathsep.join(
        path for path in paths if BASE.resolve() not in pathlib.Path(path).resolve().parents)


def reopen(state):
    """The cluster that an earlier command chose."""
    return Kubectl(state.data["kubeconfig"], state.data.get("context"))


def _own_cluster(state):
    """As it runs, or a new one, also where an earlier one has died with the machine."""
    if state and reopen(state).try_run("get", "--raw", "/readyz").returncode == 0:
        return reopen(state)
    command = [str(CLUSTER), "up", "--dir", str(CLUSTER_DIR), "--nodes", str(NODES),
               "--gpus-per-node", str(GPUS_PER_NODE), "--quiet"]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise DemoError("the local control plane did not start (see above); `make stop` clears up"
                        " what an earlier one left")
    state.data.update(own_cluster=True, made_crds=[], kubeconfig=_own_kubeconfig("admin"), context=None)
    state.save()
    return Kubectl(state.data["kubeconfig"])


def _own_kubeconfig(name):
    done = subprocess.run([str(CLUSTER), "kubeconfig", name, "--dir", str(CLUSTER_DIR)], text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DemoError(f"no kubeconfig for {name}")
    return done.stdout.strip()


def _users_cluster(state, kubeconfig):
    kubectl = Kubectl(kubeconfig)
    context = kubectl.run("config", "current-context").strip()
    kubectl = Kubectl(kubeconfig, context)
    server = kubectl.run("config", "view", "--minify", "-o",
                         "jsonpath={.clusters[0].cluster.server}").strip()
    print(f"KUBECONFIG is set: the demo would use\n  context {context}\n  server  {server}\n"
          "It makes CRDs, cluster roles and admission policies named muster-demo-*, and touches only"
          " namespaces muster-demo-*.", flush=True)
    _confirm(context)
    if state:
        return kubectl
    _refuse_second(kubectl)
    install.refuse_other_crds(kubectl)
    state.data.update(own_cluster=False, kubeconfig=kubeconfig, context=context)
    state.save()
    return kubectl


def _confirm(context):
    given = os.environ.get("DEMO_CONFIRM")
    if given is None and sys.stdin.isatty():
        given = input("Type the name of the context to go on: ").strip()
    if given != context:
        raise DemoError(f"not confirmed; run with DEMO_CONFIRM={context}, or unset KUBECONFIG for"
                        " a cluster of the demo's own")


def _refuse_second(kubectl):
    """Two Musters on one cluster would schedule against each other."""
    if kubectl.try_run("get", "namespace", SYSTEM).returncode == 0:
        raise DemoError(f"another demo runs here, for there is the namespace {SYSTEM}: `make stop`"
                        " where it was started; if that place is gone for good, delete the namespace")
    for item in kubectl.items("deployments.apps", "-l", "app.kubernetes.io/part-of=muster"):
        raise DemoError("another Muster runs here: deployment "
                        f"{item['metadata']['namespace']}/{item['metadata']['name']}")
    for item in kubectl.items("leases.coordination.k8s.io"):
        meta = item["metadata"]
        ours = meta["name"].startswith("muster") and "operator" in meta["name"]
        if ours and item["spec"].get("holderIdentity"):
            raise DemoError(f"another Muster holds the lease {meta['namespace']}/{meta['name']};"
                            " if it is gone for good, delete that lease")
    for kind in ("tenants", "resourcequotas", "jobs", "workflows"):
        for item in kubectl.items(f"{kind}.scheduler.io"):
            meta = item["metadata"]
            if not meta.get("namespace", meta["name"]).startswith("muster-demo-"):
                raise DemoError(f"this cluster has {kind} that are not of the demo"
                                f" ({meta['name']}); its operator would write their status")
