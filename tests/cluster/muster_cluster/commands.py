"""What each subcommand does; cli.py parses the command line and calls these."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from . import dns, kwok, nodes, rbac, sandbox, tools
from .api import Api
from .control_plane import KUBELET_CLIENT, ControlPlane, stop_all
from .errors import ClusterError
from .etcd import Etcd
from .process import Processes
from .real_nodes import RealNodes
from .state import State

COMPONENTS = {"apiserver": "kube-apiserver", "etcd": "etcd", "kwok": "kwok",
              "controller-manager": "kube-controller-manager", "scheduler": "kube-scheduler"}


class Interrupted(BaseException):
    """SIGTERM or SIGHUP reached the tool."""


def _raise_interrupted(signum, _frame):
    raise Interrupted(signum)


def build(args):
    names = args.tools or tools.CONTROL_PLANE + tools.KWOK
    if args.all:
        names = list(tools.TOOLS)
    for path in tools.paths(names).values():
        print(path)


def path(args):
    print(tools.paths([args.tool])[args.tool])


def up(args):
    """Everything is taken down again when any of it fails or the tool is interrupted."""
    state = State(args.dir)
    if args.real_nodes:
        sandbox.require()
    tools.build(_needed_tools(args))
    with state.lock():
        if _running(state):
            raise ClusterError(f"a cluster runs in {state.dir}; `cluster down --dir {state.dir}`")
        _remove(state.dir)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_interrupted)
        try:
            _bring_up(state, args)
        except BaseException:
            stop_all(state, deadline=1)
            raise
    if not args.quiet:
        print(f"export KUBECONFIG={state.kubeconfig('admin')}")


def _bring_up(state, args):
    started = time.monotonic()
    overrides = nodes.read_overrides(args.labels_file) if args.labels_file else {}
    state.data = _options(args)
    state.save()
    objects = nodes.build(state.data, overrides) if args.kwok else []
    plane = ControlPlane(state)
    plane.create()
    answered = time.monotonic()
    plane.start_controller_manager()
    if args.scheduler or args.real_nodes:
        plane.start_scheduler()
    api = plane.api()
    if args.kwok:
        kwok.grant(api)
        kwok.start(state, plane.processes, plane.prefix)
        api.create_all("/api/v1/nodes", objects)
    if args.real_nodes:
        _bring_up_real_nodes(state, plane, api)
    nodes.wait_ready(api, len(objects) + args.real_nodes)
    plane.wait_controllers()
    for name in plane.processes.names():
        plane.require_alive(name)
    state.data["up"] = True
    state.save()
    print(f"API server {state.server} after {answered - started:.1f} s, "
          f"{len(objects) + args.real_nodes} nodes and controllers after "
          f"{time.monotonic() - started:.1f} s", file=sys.stderr)


def _bring_up_real_nodes(state, plane, api):
    rbac.bind_cluster_role(api, KUBELET_CLIENT, "system:kubelet-api-admin", KUBELET_CLIENT)
    dns.grant(api)
    dns.start(state, plane.processes, plane.prefix)
    _real_nodes(state, plane).start(state.data["real_nodes"], api)


def _real_nodes(state, plane):
    return RealNodes(state, plane.processes, plane.network, plane.pki)


def _needed_tools(args):
    needed = list(tools.CONTROL_PLANE)
    if args.kwok:
        needed += tools.KWOK
    if args.scheduler:
        needed.append("kube-scheduler")
    if args.real_nodes:
        needed += tools.REAL_NODES
    return needed


def _options(args):
    simulated = args.nodes if args.nodes is not None else 0 if args.real_nodes else 4
    args.kwok = args.kwok and simulated > 0
    grace = args.node_grace or (6 if simulated <= 32 else 24)
    return {
        "port": args.port, "nodes": simulated if args.kwok else 0, "real_nodes": args.real_nodes,
        "gpus_per_node": args.gpus_per_node, "cpu": args.cpu, "memory": args.memory,
        "a100_fraction": args.a100_fraction, "kwok": args.kwok, "audit": args.audit,
        "audit_policy": args.audit_policy and str(pathlib.Path(args.audit_policy).resolve()),
        "node_grace": grace, "toleration_seconds": args.toleration_seconds,
        "etcd_quota_mib": args.etcd_quota, "apiserver_args": args.apiserver_arg,
    }


def down(args):
    state = State(args.dir)
    if not state.dir.exists():
        return
    with state.lock():
        stop_all(state)
        if not args.keep:
            _remove(state.dir)
    if not args.keep:
        shutil.rmtree(state.dir, ignore_errors=True)


def _remove(directory):
    """Deletes what `up` wrote there, and nothing else."""
    if not directory.exists():
        return
    ours = {"lock", "cluster.json", "pki", "kubeconfig", "run", "logs", "etcd", "audit",
            "kwok.yaml", "Corefile", "images", "nodes"}
    strangers = {entry.name for entry in directory.iterdir()} - ours
    if strangers and not (directory / "cluster.json").exists():
        raise ClusterError(f"{directory} holds other files ({', '.join(sorted(strangers)[:3])})")
    for name in ours - {"lock"}:
        entry = directory / name
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


def _running(state):
    processes = Processes(state.dir)
    return any(processes.alive(name) for name in processes.names())


def status(args):
    """A table, or JSON; exit code 0 when all is well, 1 when not, 3 when there is no cluster."""
    state = State(args.dir)
    if not state.exists:
        print(f"no cluster in {state.dir}")
        return 3
    state.load()
    processes = Processes(state.dir)
    table = {name: processes.pid(name) if processes.alive(name) else None
             for name in processes.names()}
    api = Api(state.kubeconfig("admin"))
    ready = table.get("kube-apiserver") is not None and api.ready()
    found = api.get("/api/v1/nodes")["items"] if ready else []
    report = {
        "dir": str(state.dir), "server": state.server, "ready": ready, "processes": table,
        "kubeconfig": str(state.kubeconfig("admin")), "audit_log": str(state.audit_log),
        "nodes": len(found), "nodes_ready": sum(map(nodes.is_ready, found)),
    }
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        _print_status(report)
    return 0 if ready and all(table.values()) else 1


def _print_status(report):
    print(f"server      {report['server']}  {'ready' if report['ready'] else 'NOT READY'}")
    print(f"kubeconfig  {report['kubeconfig']}")
    print(f"nodes       {report['nodes_ready']} of {report['nodes']} Ready")
    for name, pid in report["processes"].items():
        print(f"{name:<24}{f'pid {pid}' if pid else 'stopped'}")


def kubeconfig(args):
    """Path of a ready-made kubeconfig, or a new one for any user and groups."""
    state = State(args.dir).load()
    if not args.user:
        print(state.kubeconfig(args.name))
        return
    target = args.output or state.kubeconfig("user-" + args.user.replace(":", "-"))
    with state.lock():
        print(ControlPlane(state).kubeconfig(args.user, args.group, target))


def kubectl(args):
    state = State(args.dir).load()
    environment = dict(os.environ, KUBECONFIG=str(state.kubeconfig("admin")))
    rest = args.rest[1:] if args.rest[:1] == ["--"] else args.rest
    binary = tools.paths(["kubectl"])["kubectl"]
    return subprocess.run([binary, *rest], env=environment, check=False).returncode


def stop(args):
    state = State(args.dir).load()
    with state.lock():
        _stop_component(state, args)


def _stop_component(state, args):
    """Without its API server a controller manager ends: it would lose its leader lease.

    Here it leads without one, so it is ended here, and starts again with the API server. Otherwise
    it would find all nodes silent for longer than their short grace period.
    """
    processes = Processes(state.dir)
    follower = COMPONENTS["controller-manager"]
    if args.component == "apiserver" and processes.stop(follower, sig=signal.SIGKILL):
        state.data["follows_apiserver"] = True
        state.save()
    name = COMPONENTS[args.component]
    if not processes.stop(name, sig=signal.SIGKILL if args.kill else signal.SIGTERM):
        raise ClusterError(f"{name} is not running")


def start(args):
    state = State(args.dir).load()
    with state.lock():
        _start_component(state, args)


def _start_component(state, args):
    plane = ControlPlane(state)
    if args.component == "kwok":
        kwok.free_leases(plane.api())
    plane.processes.restart(COMPONENTS[args.component])
    if args.component == "apiserver":
        plane.wait_ready()
        if state.data.pop("follows_apiserver", False):
            plane.processes.restart(COMPONENTS["controller-manager"])
            state.save()


def restart(args):
    state = State(args.dir).load()
    with state.lock():
        _stop_component(state, args)
        time.sleep(args.down_seconds)
        _start_component(state, args)


def freeze(args):
    """SIGSTOP or SIGCONT: a component that is there and does not answer."""
    state = State(args.dir).load()
    name = COMPONENTS[args.component]
    sig = signal.SIGSTOP if args.command.startswith("pause") else signal.SIGCONT
    if not Processes(state.dir).signal(name, sig):
        raise ClusterError(f"{name} is not running")


def node(args):
    state = State(args.dir).load()
    if args.name.startswith("real-"):
        _real_node(state, args)
        return
    control = nodes.NodeControl(Api(state.kubeconfig("admin")))
    if args.action == "gpus":
        control.gpus(args.name, _gpu_count(args))
    elif hasattr(control, args.action):
        getattr(control, args.action)(args.name)
    else:
        raise ClusterError(f"{args.action} is for real nodes; a simulated one can be lost")


def _real_node(state, args):
    plane = ControlPlane(state)
    machines = _real_nodes(state, plane)
    with state.lock():
        if args.action == "kill":
            machines.kill(args.name)
        elif args.action == "boot":
            machines.boot(args.name)
        elif args.action == "lost":
            plane.processes.stop(f"{args.name}.kubelet", sig=signal.SIGKILL)
        elif args.action == "ready":
            machines.start_kubelet(args.name)
        elif args.action == "gpus":
            machines.set_gpus(args.name, _gpu_count(args), plane.api())
        else:
            raise ClusterError(f"{args.action} is for simulated nodes; kill a real one")


def _gpu_count(args):
    if args.count is None:
        raise ClusterError("how many? `cluster node NAME gpus COUNT`")
    return args.count


def load_image(args):
    """Makes an image archive known to the real nodes."""
    state = State(args.dir).load()
    plane = ControlPlane(state)
    machines = _real_nodes(state, plane)
    names = machines.names()
    if not names:
        raise ClusterError("this cluster has no real nodes")
    for archive in args.files:
        for name in names:
            machines.load_image(name, archive)


def exec_inside(args):
    """Runs a command in the network of a cluster with real nodes."""
    state = State(args.dir).load()
    rest = args.rest[1:] if args.rest[:1] == ["--"] else args.rest
    return subprocess.run([*ControlPlane(state).prefix, *rest], check=False).returncode


def etcd(args):
    state = State(args.dir).load()
    if state.data["real_nodes"]:
        raise ClusterError("etcd cannot be reached from outside the real nodes' network")
    result = getattr(Etcd(state.data["ports"]["etcd"]), args.action)()
    if result is not None:
        print(result)
