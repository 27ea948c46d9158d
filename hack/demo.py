#!/usr/bin/env python3
"""The demo and its parts; the Makefile calls them by name.

  run         a cluster, two operators, the samples, live progress, a summary   (make demo)
  real        two real kubelets, the operator from its image by Helm           (make demo-real)
  start       a cluster and two operators in the background                     (make start-scheduler)
  samples     applies manifests/samples                                         (make deploy-samples)
  monitoring  Prometheus, and the address of every endpoint                     (make monitoring)
  stop        stops all of it and removes what was made                         (make stop)
"""

import argparse
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "hack"))

from demo import install, monitoring, operators, processes, real, samples, story, target  # noqa: E402
from demo.kubectl import CLUSTER, DemoError, reach  # noqa: E402
from demo.live import Live  # noqa: E402
from demo.state import CLUSTER_DIR, State  # noqa: E402


def start(state):
    """Whatever of cluster, CRDs and operators is not there yet."""
    target.refuse_another(state)
    if state and operators.running(state):
        print("the operators run already")
        return target.reopen(state)
    began = time.monotonic()
    kubectl = target.choose(state)
    install.install(kubectl, state)
    leader = operators.start(kubectl, state)
    print(f"two operators run, {leader.split('_')[0]} leads"
          f" ({time.monotonic() - began:.1f} s)", flush=True)
    return kubectl


def run(state):
    began = time.monotonic()
    kubectl = start(state)
    samples.remove_jobs(kubectl)
    require_nodes(kubectl)
    live = Live(kubectl)
    samples.apply(kubectl, "tenants", "first")
    research, flagship = "muster-demo-research/sweep", "muster-demo-language/flagship"
    good = live.until("sweep runs", lambda: phase(live, research) == "Running", 30)
    samples.apply(kubectl, "preempt")
    good = live.until("flagship has a place", lambda: phase(live, flagship) not in ("", "Pending"),
                      30) and good
    samples.apply(kubectl, "queue", "never")
    good = live.until("every job has ended or says why not", lambda: finished(kubectl, live),
                      120) and good
    story.tell(live, capacity(kubectl))
    print(f"\nThe whole demo took {time.monotonic() - began:.0f} s.\n" + further(state))
    return 0 if good else 1


def require_nodes(kubectl):
    """Where there is no room for the story, the jobs would wait for ever."""
    free = samples.free_nodes(kubectl, target.GPUS_PER_NODE)
    if free < target.NODES:
        raise DemoError(
            f"the story needs {target.NODES} nodes with {target.GPUS_PER_NODE} free {samples.GPU}"
            f" each, and this cluster has {free}; `make deploy-samples` shows what becomes of the"
            " jobs here, `make stop` ends it")


def phase(live, key):
    return live.jobs[key].phase if key in live.jobs else ""


def finished(kubectl, live):
    """All jobs settled, and the workflow too, which makes jobs as it goes."""
    if not live.jobs or not all(job.settled for job in live.jobs.values()):
        return False
    flows = kubectl.items("workflows.scheduler.io")
    return all(flow.get("status", {}).get("phase") in ("Succeeded", "Failed") for flow in flows)


def capacity(kubectl):
    return sum(int(node["status"]["allocatable"].get("nvidia.com/gpu", 0))
               for node in kubectl.items("nodes"))


def further(state):
    return f"""
Look further:
  {reach(state.data['kubeconfig'])}
  kubectl get muster -A
  kubectl describe jobs.scheduler.io -n muster-demo-research sweep
  kubectl get events -n muster-demo-language --sort-by=.lastTimestamp
  make monitoring                                 Prometheus, and the address of every endpoint
Stop, and remove what the demo made:
  make stop"""


def show_endpoints(state):
    address = monitoring.start(state)
    print(f"Prometheus    {address}/graph   rules: {address}/rules")
    for row in operators.running(state):
        base = f"http://127.0.0.1:{row['port']}"
        print(f"{row['name']}    {base}/metrics   {base}/healthz   {base}/readyz?verbose")
    print(f"API server    kubeconfig {state.data['kubeconfig']}")


def stop(state):
    """Programs first, then what was made; a cluster of our own goes whole."""
    stopped = processes.stop_all(state)
    if state and not state.data.get("own_cluster", True):
        install.remove(target.reopen(state), state)
    if state.data.get("own_cluster", True):
        subprocess.run([str(CLUSTER), "down", "--dir", str(CLUSTER_DIR)], check=True,
                       stdin=subprocess.DEVNULL)
    real.stop()
    state.forget()
    operators.forget_credentials()
    monitoring.forget()
    print(f"stopped ({stopped} programs)")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=[
        "run", "real", "start", "samples", "monitoring", "stop"])
    command = parser.parse_args().command
    state = State()
    if command in ("samples", "monitoring") and not state:
        raise DemoError("nothing runs; `make start-scheduler` first")
    if command == "run":
        return run(state)
    if command == "real":
        real.run()
    elif command == "start":
        start(state)
        print(further(state))
    elif command == "samples":
        samples.apply(target.reopen(state))
        print("applied; look: kubectl get jobs.scheduler.io -A -w")
    elif command == "monitoring":
        show_endpoints(state)
    else:
        stop(state)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted; `make stop` stops what still runs", file=sys.stderr)
        sys.exit(130)
