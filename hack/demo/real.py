"""`make demo-real`: two real kubelets, the operator from its image as a Deployment installed by Helm,
and jobs whose processes talk to each other."""

import os
import subprocess
import time

from . import install
from .kubectl import CLUSTER, ROOT, DemoError, Kubectl, reach, tool
from .state import BASE

DIRECTORY = BASE / "real"
IMAGE = ROOT / "build" / "image" / "muster-operator.tar"
NAMESPACE = "muster-demo-real"
JOBS = ("hello", "second-try")


def call(*words, env=None):
    if subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, check=False,
                      env=env).returncode:
        raise DemoError(f"{words[0]} {' '.join(map(str, words[1:3]))} … failed (see above)")


def cluster(command, *more):
    call(CLUSTER, command, "--dir", DIRECTORY, *more)


def kubeconfig():
    return DIRECTORY / "kubeconfig" / "admin.kubeconfig"


def run():
    if os.geteuid() != 0:
        raise DemoError("real kubelets need root on Linux")
    began = time.monotonic()
    cluster("up", "--real-nodes", "2", "--quiet")
    call(ROOT / "hack" / "build-image.sh")
    cluster("load-image", IMAGE)
    env = dict(os.environ, KUBECONFIG=str(kubeconfig()))
    call(tool("helm"), "install", "muster", ROOT / "charts" / "muster", "-n", "muster-system",
         "--create-namespace", "--set", "image.pullPolicy=Never", "--wait", "--timeout", "90s",
         env=env)
    kubectl = Kubectl(kubeconfig())
    install.wait_admitted(kubectl)
    jobs(kubectl)
    print(f"\nThe whole demo took {time.monotonic() - began:.0f} s.\n\nLook further:\n"
          f"  {reach(kubeconfig())}\n"
          "  kubectl -n muster-system get pods -o wide\n  kubectl get muster -A\n"
          "Stop:\n  make stop")


def jobs(kubectl):
    """Applies the jobs, waits for both, shows their columns and what they printed."""
    kubectl.run("apply", "-f", ROOT / "manifests" / "samples" / "real" / "jobs.yaml")
    for name in JOBS:
        kubectl.run("wait", "--for=condition=Complete", "--timeout=90s", "-n", NAMESPACE,
                    f"jobs.scheduler.io/{name}", timeout=120)
    print("\n" + kubectl.run("get", "jobs.scheduler.io", "-n", NAMESPACE, "-o", "wide"))
    for name in JOBS:
        print(f"logs of {name}:")
        print(kubectl.run("logs", "-n", NAMESPACE, "-l", f"scheduler.io/job={name}", "--prefix",
                          "--tail=5"))


def stop():
    if (DIRECTORY / "cluster.json").exists():
        cluster("down")
