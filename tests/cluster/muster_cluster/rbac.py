"""Rights for the users of the cluster's own programs."""

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def create_cluster_role(api, name, rules):
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})


def bind_cluster_role(api, name, role, user):
    """Gives user the cluster role everywhere."""
    api.create(f"{RBAC}/clusterrolebindings", {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]})
