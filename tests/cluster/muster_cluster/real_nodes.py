"""Real nodes: a kubelet with containerd and runc each, in namespaces of their own.

A node is one process (node_init.py, `real-0`) that is pid 1 of its namespaces, and two programs
that run inside them (`real-0.containerd`, `real-0.kubelet`). Killing the first kills the machine.
"""

import concurrent.futures
import json
import pathlib
import signal
import sys

import yaml

from . import cgroups, image, nodes, tools
from .api import wait_for
from .errors import ClusterError
from .sandbox import BRIDGE_ADDRESS, DNS_ADDRESS, run

CONTAINERD = "/run/containerd/containerd.sock"
FORBIDDEN = ("/run/", "/var/lib/", "/var/log/")


def name_of(index):
    return f"real-{index}"


class RealNodes:
    """The real nodes of one cluster."""

    def __init__(self, state, processes, network, pki):
        self._state, self._processes = state, processes
        self._network, self._pki = network, pki
        if str(state.dir).startswith(FORBIDDEN):
            raise ClusterError(f"{state.dir}: real nodes hide /run, /var/lib and /var/log from "
                               "themselves; choose another --dir")

    def start(self, count, api):
        """Boots all nodes, several at a time, and waits until they are Ready with their GPUs."""
        images = image.write_test_images(self._state.dir / "images")
        names = [name_of(index) for index in range(count)]
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda name: self.boot(name, images), names))
        for name in names:
            self.equip(name, api)

    def boot(self, name, images=()):
        """Powers a node on; it keeps what it had on disk when it was powered off."""
        directory = self._directory(name)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "ready").unlink(missing_ok=True)
        cgroups.create(f"{cgroups.root(self._state.dir)}/{name}")
        init = pathlib.Path(__file__).with_name("node_init.py")
        self._processes.start(name, [
            "unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--mount-proc",
            "--kill-child", "--propagation", "private", "--",
            sys.executable, str(init), name, str(directory)])
        wait_for(f"{name}'s mounts", lambda: self._ready_or_dead(name), 60, 0.02)
        index = int(name.rpartition("-")[2])
        self._network.attach(name, self.init_pid(name), self._address(index), _pod_range(index))
        self._write_configuration(name, index)
        self._start_inside(name, "containerd", [
            "/usr/bin/containerd", f"--config={directory}/containerd.toml"])
        wait_for("containerd", lambda: self._containerd_answers(name), 120, 0.1)
        for archive in images:
            self.load_image(name, archive)
        self.start_kubelet(name)

    def start_kubelet(self, name):
        directory = self._directory(name)
        index = int(name.rpartition("-")[2])
        self._start_inside(name, "kubelet", [
            tools.paths(["kubelet"])["kubelet"], f"--config={directory}/kubelet.yaml",
            f"--kubeconfig={directory}/kubelet.kubeconfig", f"--hostname-override={name}",
            f"--node-ip={self._address(index)}", "--v=1"])

    def equip(self, name, api):
        """Labels and GPUs: the kubelet enforces GPUs that somebody else put into its capacity."""
        wait_for(f"{name} to register", lambda: self._registered(name, api), 120, 0.1)
        count = self._state.data["gpus_per_node"]
        labels = nodes.gpu_labels(count) | {
            "topology.kubernetes.io/zone": "zone-0", "scheduler.io/block": "block-0",
            "scheduler.io/rack": "rack-0"}
        api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": labels}})
        if count:
            self.set_gpus(name, count, api)

    @staticmethod
    def set_gpus(name, count, api):
        """The kubelet copies a capacity that is not its own to allocatable, and keeps it."""
        amount = {nodes.GPU: str(count)}
        api.patch(f"/api/v1/nodes/{name}/status",
                  {"status": {"capacity": amount, "allocatable": amount}})

    def names(self):
        """The nodes that are powered on."""
        return [name for name in self._processes.names()
                if name.startswith("real-") and "." not in name and self._processes.alive(name)]

    def kill(self, name):
        """Pulls the plug: every process of the node dies at once."""
        if not self._processes.stop(name):
            raise ClusterError(f"{name} is not running")
        for part in ("kubelet", "containerd"):
            self._processes.stop(f"{name}.{part}", sig=signal.SIGKILL)
        cgroups.remove(f"{cgroups.root(self._state.dir)}/{name}")

    def load_image(self, name, archive):
        """Imports a docker or OCI archive into the node's containerd."""
        with open(archive, "rb") as content:
            run([*self._inside(name), "ctr", "--address", CONTAINERD, "--namespace", "k8s.io",
                 "images", "import", "--all-platforms", "-"], stdin=content)

    def init_pid(self, name):
        """Pid, as the host sees it, of the first process in the node's namespaces."""
        parent = self._processes.pid(name)
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                return int(stat.parent.name)
        raise ClusterError(f"{name} is not running")

    def _inside(self, name):
        return ["nsenter", "--target", str(self.init_pid(name)), "--mount", "--net", "--uts",
                "--pid", "--"]

    def _start_inside(self, name, program, argv):
        self._processes.start(f"{name}.{program}", [*self._inside(name), *argv])

    def _directory(self, name):
        return self._state.dir / "nodes" / name

    @staticmethod
    def _address(index):
        return f"10.250.0.{10 + index}"

    def _ready_or_dead(self, name):
        self._require_alive(name)
        return (self._directory(name) / "ready").exists()

    def _containerd_answers(self, name):
        self._require_alive(f"{name}.containerd")
        try:
            run([*self._inside(name), "ctr", "--address", CONTAINERD, "version"])
        except ClusterError:
            return False
        return True

    def _registered(self, name, api):
        self._require_alive(f"{name}.kubelet")
        return name in [item["metadata"]["name"] for item in api.get("/api/v1/nodes")["items"]]

    def _require_alive(self, name):
        if not self._processes.alive(name):
            raise ClusterError(f"{name} ended; its log says last:\n"
                               f"{self._processes.log_tail(name)}")

    def _write_configuration(self, name, index):
        directory = self._directory(name)
        server = f"https://{BRIDGE_ADDRESS}:443"
        self._pki.kubeconfig(server, f"system:node:{name}", ["system:nodes"],
                             directory / "kubelet.kubeconfig")
        self._pki.issue(f"kubelet-{name}", f"/CN={name}", "serverAuth",
                        [f"IP:{self._address(index)}", f"DNS:{name}"])
        (directory / "resolv.conf").write_text(f"nameserver {DNS_ADDRESS}\n")
        (directory / "containerd.toml").write_text(_containerd_configuration(directory))
        cni = directory / "cni"
        cni.mkdir(exist_ok=True)
        (cni / "10-muster.conflist").write_text(json.dumps(_cni_configuration(index)))
        (directory / "kubelet.yaml").write_text(yaml.safe_dump(
            self._kubelet_configuration(name, directory), sort_keys=False))

    def _kubelet_configuration(self, name, directory):
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False},
                               "x509": {"clientCAFile": self._pki.path("ca.crt")}},
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": self._pki.path(f"kubelet-{name}.crt"),
            "tlsPrivateKeyFile": self._pki.path(f"kubelet-{name}.key"),
            "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
            "clusterDNS": [DNS_ADDRESS], "clusterDomain": "cluster.local",
            "resolvConf": str(directory / "resolv.conf"),
            "cgroupDriver": "cgroupfs", "failCgroupV1": False,
            "cgroupRoot": f"/{cgroups.root(self._state.dir)}/{name}", "enforceNodeAllocatable": [],
            "failSwapOn": False, "oomScoreAdj": 0, "makeIPTablesUtilChains": False,
            "localStorageCapacityIsolation": False, "protectKernelDefaults": True,
            "volumePluginDir": "/var/lib/kubelet/volumeplugins",
            "nodeStatusUpdateFrequency": "2s", "nodeLeaseDurationSeconds": 8,
            "healthzPort": 0, "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%",
                             "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
        }


def _pod_range(index):
    return f"10.251.{index}.0/24"


def _cni_configuration(index):
    return {
        "cniVersion": "1.0.0", "name": "muster", "plugins": [{
            "type": "bridge", "bridge": "cni0", "isGateway": True, "isDefaultGateway": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": _pod_range(index)}]]}}]}


def _containerd_configuration(directory):
    return f"""\
version = 2
root = "{directory}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = "{CONTAINERD}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image.PAUSE_IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{directory}/cni"
"""
