"""The command lines of etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK.

Order of start: etcd, kube-apiserver, then the rest once /readyz says ok. Everything listens on
loopback only; etcd is plain HTTP there, the API server TLS with RBAC. With real nodes all of it
runs in their network (sandbox.py), where the API server has port 443 of the bridge.
"""

import pathlib

from . import cgroups, ports, tools
from .api import Api, wait_for
from .errors import ClusterError, TimedOut
from .pki import Pki
from .process import Processes
from .sandbox import API_PORT, BRIDGE_ADDRESS, Network

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_IP = "10.96.0.1"
FRONT = ["etcd", "kube-apiserver", "proxy"]
STOP_ORDER = ["kwok", "kube-scheduler", "kube-controller-manager", "coredns", "kube-apiserver",
              "etcd", "proxy", "network"]

KUBELET_CLIENT = "muster-apiserver-kubelet-client"

# user name and groups of every kubeconfig that `up` writes: for use on the host …
USERS = {
    "admin": ("muster-admin", ["system:masters"]),
    "operator-0": ("system:muster:operator-0", ["muster:operators"]),
    "operator-1": ("system:muster:operator-1", ["muster:operators"]),
}
# … and for the programs that run beside the API server.
COMPONENT_USERS = {
    "controller-manager": ("system:kube-controller-manager", []),
    "scheduler": ("system:kube-scheduler", []),
    "kwok": ("muster-kwok", []),
    "coredns": ("muster-coredns", []),
}


class ControlPlane:
    """Starts the control plane of one cluster directory."""

    def __init__(self, state):
        self._state = state
        self.pki = Pki(state.dir)
        self.processes = Processes(state.dir)
        self.network = Network(self.processes)

    @property
    def prefix(self):
        """Put before a command line, it runs the command where the API server runs."""
        return self.network.prefix if self._state.data["real_nodes"] else []

    def create(self, attempts=5):
        """PKI, kubeconfigs, etcd and an API server that answers; other ports on a clash."""
        wanted = self._state.data["port"]
        self.pki.create(["IP:127.0.0.1", f"IP:{SERVICE_IP}", f"IP:{BRIDGE_ADDRESS}",
                         "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
                         "DNS:kubernetes.default.svc",
                         "DNS:kubernetes.default.svc.cluster.local"])
        if self._state.data["real_nodes"]:
            self.pki.issue("kubelet-client", f"/CN={KUBELET_CLIENT}", "clientAuth")
            self.network.start(SERVICE_IP)
        for _ in range(attempts):
            free = ports.pick(3)
            self._state.data["ports"] = {"apiserver": wanted or free[0], "etcd": free[1],
                                         "etcd-peer": free[2]}
            self._state.save()
            self._start_etcd()
            self._start_apiserver()
            self._write_kubeconfigs()
            if self._came_up():
                return
            for name in FRONT:
                self.processes.stop(name, deadline=2)
            if wanted and not ports.is_free(wanted):
                raise ClusterError(f"port {wanted} is taken")
        raise ClusterError("no free ports after several attempts")

    def api(self):
        return Api(self._state.kubeconfig("admin"))

    def wait_ready(self, deadline=120):
        """Waits for /readyz; says what the log said last if the process dies meanwhile."""
        api = self.api()

        def ready_or_dead():
            for name in self._front():
                self.require_alive(name)
            return api.ready()
        try:
            wait_for("the API server's /readyz", ready_or_dead, deadline, 0.05)
        except TimedOut as error:
            log = self.processes.log_tail("kube-apiserver")
            raise ClusterError(f"{error}; its log says last:\n{log}") from error

    def require_alive(self, name):
        if not self.processes.alive(name):
            raise ClusterError(f"{name} ended; its log says last:\n"
                               f"{self.processes.log_tail(name)}")

    def start_controller_manager(self):
        state, grace = self._state, self._state.data["node_grace"]
        binary = tools.paths(["kube-controller-manager"])["kube-controller-manager"]
        config = str(state.kubeconfig("controller-manager"))
        self.processes.start("kube-controller-manager", [
            *self.prefix, binary, f"--kubeconfig={config}",
            "--leader-elect=false", "--secure-port=0",
            f"--service-account-private-key-file={self.pki.path('service-account.key')}",
            f"--root-ca-file={self.pki.path('ca.crt')}",
            "--use-service-account-credentials=true", "--concurrent-gc-syncs=20",
            "--kube-api-qps=1000", "--kube-api-burst=2000",
            "--node-monitor-period=1s", f"--node-monitor-grace-period={grace}s",
            f"--node-startup-grace-period={max(20, grace)}s", "--node-eviction-rate=1000",
            "--secondary-node-eviction-rate=1000", "--unhealthy-zone-threshold=1.0",
            "--terminated-pod-gc-threshold=0", "--controllers=*,-ttl-controller"])

    def start_scheduler(self):
        binary = tools.paths(["kube-scheduler"])["kube-scheduler"]
        self.processes.start("kube-scheduler", [
            *self.prefix, binary, f"--kubeconfig={self._state.kubeconfig('scheduler')}",
            "--leader-elect=false", "--secure-port=0"])

    def wait_controllers(self):
        """Pods can be created once the controller manager has made the service account."""
        api = self.api()

        def made():
            self.require_alive("kube-controller-manager")
            found = api.get("/api/v1/namespaces/default/serviceaccounts")["items"]
            return any(item["metadata"]["name"] == "default" for item in found)
        wait_for("the service account default/default", made, 120, 0.05)

    def _came_up(self):
        """False when a port was taken meanwhile; any other failure raises."""
        try:
            self.wait_ready()
            return True
        except ClusterError:
            for name in self._front():
                if "address already in use" in self.processes.log_tail(name, 60):
                    return False
            raise

    def _front(self):
        """What must run for anybody to reach the API server."""
        return FRONT if self._state.data["real_nodes"] else FRONT[:2]

    def _write_kubeconfigs(self):
        for name, (user, groups) in USERS.items():
            self.kubeconfig(user, groups, self._state.kubeconfig(name))
        beside = f"https://127.0.0.1:{API_PORT}" if self.prefix else self._state.server
        for name, (user, groups) in COMPONENT_USERS.items():
            self.pki.kubeconfig(beside, user, groups, self._state.kubeconfig(name))

    def kubeconfig(self, user, groups, path):
        """A kubeconfig for use on the host."""
        return self.pki.kubeconfig(self._state.server, user, groups, path)

    def _start_etcd(self):
        ports_ = self._state.data["ports"]
        client = f"http://127.0.0.1:{ports_['etcd']}"
        peer = f"http://127.0.0.1:{ports_['etcd-peer']}"
        self.processes.start("etcd", [
            *self.prefix, tools.paths(["etcd"])["etcd"], "--name=muster",
            f"--data-dir={self._state.dir}/etcd",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=muster={peer}", "--unsafe-no-fsync", "--log-level=warn",
            f"--quota-backend-bytes={self._state.data['etcd_quota_mib'] << 20}"])

    def _start_apiserver(self):
        state, pki = self._state, self.pki
        toleration = state.data["toleration_seconds"]
        argv = [
            *self.prefix, tools.paths(["kube-apiserver"])["kube-apiserver"],
            f"--etcd-servers=http://127.0.0.1:{state.data['ports']['etcd']}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true", f"--client-ca-file={pki.path('ca.crt')}",
            f"--tls-cert-file={pki.path('apiserver.crt')}",
            f"--tls-private-key-file={pki.path('apiserver.key')}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki.path('service-account.pub')}",
            f"--service-account-signing-key-file={pki.path('service-account.key')}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--default-not-ready-toleration-seconds={toleration}",
            f"--default-unreachable-toleration-seconds={toleration}",
            "--max-requests-inflight=3000", "--max-mutating-requests-inflight=1500",
            "--delete-collection-workers=4",
            "--event-ttl=30m", *self._address_flags(), *self._audit_flags()]
        self.processes.start("kube-apiserver", argv + state.data["apiserver_args"])

    def _address_flags(self):
        """Endpoints may not be loopback addresses, so on loopback there are none to publish."""
        if not self.prefix:
            return ["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
                    f"--secure-port={self._state.data['ports']['apiserver']}",
                    "--endpoint-reconciler-type=none"]
        self.network.start_proxy(self._state.data["ports"]["apiserver"])
        return ["--bind-address=0.0.0.0", f"--advertise-address={BRIDGE_ADDRESS}",
                f"--secure-port={API_PORT}", "--kubelet-preferred-address-types=InternalIP",
                f"--kubelet-certificate-authority={self.pki.path('ca.crt')}",
                f"--kubelet-client-certificate={self.pki.path('kubelet-client.crt')}",
                f"--kubelet-client-key={self.pki.path('kubelet-client.key')}"]

    def _audit_flags(self):
        if not self._state.data["audit"]:
            return []
        self._state.audit_log.parent.mkdir(parents=True, exist_ok=True)
        policy = self._state.data["audit_policy"] or str(ROOT / "audit" / "policy.yaml")
        return [f"--audit-policy-file={policy}", f"--audit-log-path={self._state.audit_log}",
                "--audit-log-maxsize=1000000", "--audit-log-mode=blocking"]


def stop_all(state, deadline=8):
    """Stops every recorded process, in order, and removes the control groups of real nodes."""
    processes = Processes(state.dir)
    known = processes.names()
    machines = [name for name in known if name.startswith("real-")]
    ordered = sorted(machines, key=len) + [name for name in STOP_ORDER if name in known]
    ordered += [name for name in known if name not in ordered]
    for name in ordered:
        processes.stop(name, deadline)
    if machines:
        cgroups.remove(cgroups.root(state.dir))
