"""CoreDNS at the ClusterIP of the cluster's DNS, straight from the API server's objects."""

from . import tools
from .rbac import bind_cluster_role, create_cluster_role
from .sandbox import DNS_ADDRESS

USER = "muster-coredns"


def start(state, processes, prefix):
    corefile = state.dir / "Corefile"
    corefile.write_text(f""".:53 {{
    bind {DNS_ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {state.kubeconfig('coredns')} muster-test
        ttl 1
    }}
}}
""")
    processes.start("coredns", [*prefix, tools.paths(["coredns"])["coredns"],
                                f"-conf={corefile}"])


def grant(api):
    """What CoreDNS reads."""
    verbs = ["list", "watch"]
    create_cluster_role(api, USER, [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs}])
    bind_cluster_role(api, USER, USER, USER)
