"""The command line of the tool: parsing only, commands.py does the work."""

import argparse
import os
import pathlib
import sys

from . import commands
from .errors import ClusterError

DEFAULT_DIR = os.environ.get("MUSTER_CLUSTER_DIR") or str(
    pathlib.Path(__file__).resolve().parents[3] / ".muster" / "cluster")


def _parser():
    parser = argparse.ArgumentParser(prog="cluster", description=(
        "Starts and stops real Kubernetes control planes on this machine."))
    commands_ = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, function, text):
        command = commands_.add_parser(name, help=text, description=text)
        command.add_argument("--dir", default=DEFAULT_DIR, help="the cluster (default %(default)s)")
        command.set_defaults(function=function)
        return command

    _add_build(add)
    _add_up(add)
    _add_use(add)
    _add_trouble(add)
    return parser


def _add_build(add):
    build = add("build", commands.build, "builds the tools into the cache")
    build.add_argument("--all", action="store_true", help="also scheduler, kubelet, helm, coredns")
    build.add_argument("tools", nargs="*", metavar="TOOL")
    path = add("path", commands.path, "prints the path of one tool, built if it is missing")
    path.add_argument("tool")


def _add_up(add):
    up = add("up", commands.up, "starts a cluster and waits until it is usable")
    up.add_argument("--nodes", type=int, help="simulated nodes (default 4; 0 with --real-nodes)")
    up.add_argument("--real-nodes", type=int, default=0, metavar="N",
                    help="kubelets with containerd in namespaces of their own (root on Linux)")
    up.add_argument("--gpus-per-node", type=int, default=8)
    up.add_argument("--cpu", default="32", help="CPU of a node (default 32)")
    up.add_argument("--memory", default="256Gi", help="memory of a node (default 256Gi)")
    up.add_argument("--a100-fraction", type=float, default=0.0,
                    help="share of the nodes, the last ones, that have A100 instead of H100")
    up.add_argument("--labels-file", help="YAML: node name -> labels set over ours, null removes")
    up.add_argument("--kwok", action=argparse.BooleanOptionalAction, default=True,
                    help="simulated nodes; without, a bare control plane")
    up.add_argument("--scheduler", action="store_true", help="also run kube-scheduler")
    up.add_argument("--audit", action="store_true", help="write DIR/audit/audit.log")
    up.add_argument("--audit-policy", help="another policy file than audit/policy.yaml")
    up.add_argument("--port", type=int, default=0, help="of the API server (default: a free one)")
    up.add_argument("--node-grace", type=int, default=0, metavar="SECONDS",
                    help="silence until a node is NotReady (default 6; 24 above 32 nodes)")
    up.add_argument("--toleration-seconds", type=int, default=5,
                    help="until pods leave a NotReady node (default 5)")
    up.add_argument("--etcd-quota", type=int, default=4096, metavar="MIB",
                    help="size at which etcd says it is full (default 4096)")
    up.add_argument("--apiserver-arg", action="append", default=[], metavar="ARG",
                    help="one more flag for kube-apiserver; may be repeated")
    up.add_argument("--quiet", action="store_true", help="do not print the export line")
    down = add("down", commands.down, "stops a cluster and deletes its directory")
    down.add_argument("--keep", action="store_true", help="keep the directory, for its logs")


def _add_use(add):
    status = add("status", commands.status, "what runs; exit code 0 when all is well")
    status.add_argument("--json", action="store_true")
    config = add("kubeconfig", commands.kubeconfig, "prints the path of a kubeconfig")
    config.add_argument("name", nargs="?", default="admin",
                        help="admin (default), operator-0, operator-1, …")
    config.add_argument("--user", help="make one for this user, who has no rights yet")
    config.add_argument("--group", action="append", default=[], help="may be repeated")
    config.add_argument("--output", help="where to write it")
    load = add("load-image", commands.load_image, "imports image archives into the real nodes")
    load.add_argument("files", nargs="+", metavar="FILE")
    inside = add("exec", commands.exec_inside, "runs a command in the network of the real nodes")
    inside.add_argument("rest", nargs="...")
    kubectl = add("kubectl", commands.kubectl, "runs kubectl as admin: cluster kubectl -- get pods")
    kubectl.add_argument("rest", nargs="...")


def _add_trouble(add):
    for verb, function in (("stop", commands.stop), ("start", commands.start),
                           ("restart", commands.restart), ("pause", commands.freeze),
                           ("resume", commands.freeze)):
        for component in commands.COMPONENTS:
            command = add(f"{verb}-{component}", function, f"{verb}s this process")
            command.set_defaults(component=component)
            if verb in ("stop", "restart"):
                command.add_argument("--kill", action="store_true", help="SIGKILL, not SIGTERM")
            if verb == "restart":
                command.add_argument("--down-seconds", type=float, default=0.0)
    etcd = add("etcd", commands.etcd, "full and space: no room to write, and room again; "
               "compact: no history, once the API server restarts")
    etcd.add_argument("action", choices=["compact", "full", "space"])
    node = add("node", commands.node, "does something to a node")
    node.add_argument("name")
    node.add_argument("action", choices=["lost", "notready", "ready", "gpus", "kill", "boot"])
    node.add_argument("count", nargs="?", type=int)


def main(argv):
    args = _parser().parse_args(argv)
    try:
        return args.function(args) or 0
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ClusterError, OSError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, commands.Interrupted):
        print("cluster: interrupted; what was started has been stopped", file=sys.stderr)
        return 130
