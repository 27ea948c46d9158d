"""The network of a cluster with real nodes: a namespace of its own around a bridge.

    host 127.0.0.1:PORT ── proxy ──┐
                                   ▼
    [ netns: etcd, API server :443, controllers, CoreDNS    bridge 10.250.0.1 ]
      10.96.0.1 (kubernetes)  10.96.0.10 (DNS)                │          │
                                                        real-0 10.250.0.10 …  each in namespaces
                                                        pods 10.251.0.0/24    of its own

There is no kube-proxy: the bridge itself holds the two ClusterIPs that pods need. Nothing of this
exists on the host but the proxy's loopback port and two short veth names inside the namespace.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from .errors import ClusterError

BRIDGE_ADDRESS = "10.250.0.1"
BRIDGE_MAC = "02:00:0a:fa:00:01"
DNS_ADDRESS = "10.96.0.10"
API_PORT = 443
HOLDER = "network"


def run(argv, **options):
    """Runs a system command; ClusterError with its standard error when it fails."""
    done = subprocess.run([str(part) for part in argv], text=True, capture_output=True,
                          check=False, **options)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(map(str, argv[:6]))} …: {done.stderr.strip()}")
    return done.stdout


def require():
    """What the host must have; a sentence for what is missing."""
    if os.geteuid() != 0:
        raise ClusterError("--real-nodes needs root, for namespaces and control groups")
    missing = [package for package, program in (
        ("containerd", "containerd"), ("runc", "runc"),
        ("containernetworking-plugins", "/usr/lib/cni/bridge"),
        ("busybox-static", "/usr/bin/busybox"), ("iproute2", "ip"),
    ) if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")]
    if missing:
        raise ClusterError(f"--real-nodes needs packages: apt-get install {' '.join(missing)}")


class Network:
    """The namespace with the bridge; a sleeping process holds it open."""

    def __init__(self, processes):
        self._processes = processes

    def start(self, service_ip):
        self._processes.start(HOLDER, ["unshare", "--net", "sleep", "infinity"])
        while os.readlink(self.file) == os.readlink("/proc/self/ns/net"):
            if not self._processes.alive(HOLDER):
                raise ClusterError("no network namespace: " + self._processes.log_tail(HOLDER))
        self.ip("link", "set", "lo", "up")
        # Without an address of its own it would take that of a port, and change it when that node
        # dies: the others would then send to nobody until their neighbour entries age.
        self.ip("link", "add", "muster0", "address", BRIDGE_MAC, "type", "bridge")
        for address in (f"{BRIDGE_ADDRESS}/24", f"{service_ip}/32", f"{DNS_ADDRESS}/32"):
            self.ip("address", "add", address, "dev", "muster0")
        self.ip("link", "set", "muster0", "up")
        run([*self.prefix, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])

    @property
    def file(self):
        return f"/proc/{self._processes.pid(HOLDER)}/ns/net"

    @property
    def prefix(self):
        """Put before a command line, it runs the command in this network."""
        return ["nsenter", f"--net={self.file}", "--"]

    def ip(self, *arguments):
        run([*self.prefix, "ip", *arguments])

    def attach(self, name, pid, address, pod_range):
        """Gives the node whose first process is pid an eth0 on the bridge."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pid)
        self.ip("link", "set", name, "master", "muster0", "up")
        self.ip("route", "replace", pod_range, "via", address)
        inside = ["nsenter", f"--net=/proc/{pid}/ns/net", "--", "ip"]
        run([*inside, "link", "set", "lo", "up"])
        run([*inside, "address", "add", f"{address}/24", "dev", "eth0"])
        run([*inside, "link", "set", "eth0", "up"])
        run([*inside, "route", "add", "default", "via", BRIDGE_ADDRESS])

    def start_proxy(self, port):
        script = pathlib.Path(__file__).with_name("proxy.py")
        self._processes.start("proxy", [sys.executable, str(script), str(port), self.file,
                                        str(API_PORT)])
