"""The writes at which the campaign kills a replica, and what is under way then."""

import collections

from failover_loads import (Claim, Ended, Expiring, Group, Growing, Jobs, LateGroup, Mixed,
                            OneOfTwoPreempted, Pipeline, Preempted, StuckGroup, Suspended, Unclaim)

# NAME in a path is that of the load.
Write = collections.namedtuple("Write", "method path body load nth", defaults=("", Jobs, 1))
JOBS = r"^/apis/scheduler\.io/v1/namespaces/[^/]+/jobs"
RENDERED = r"/namespaces/NAME/"
CORE_QUOTA = r"^/api/v1/namespaces/NAME/resourcequotas/"
TENANT = r"/tenants/NAME/status"
NAMESPACE = r"^/api/v1/namespaces/NAME\?"

# Of a new leader, before it may write anything else.
MARK = Write("PATCH", r"/api/v1/namespaces/muster-system$")

WRITES = {
    "pod-create": Write("POST", r"/pods(\?|$)", "", Mixed),
    "commit": Write("PATCH", JOBS + r"/[^/]+/status", '"Committed"'),
    "running": Write("PATCH", JOBS + r"/[^/]+/status", '"Running"'),
    "terminal": Write("PATCH", JOBS + r"/[^/]+/status", '"Succeeded"'),
    "release": Write("PATCH", JOBS + r"/[^/]+/status", '"Releasing"', Suspended),
    "pod-delete": Write("DELETE", r"/pods/", "", Suspended),
    "preemption": Write("PATCH", JOBS + "/NAME-low/status", '"Releasing"', Preempted),
    # The last one: then half of the place is free.
    "victim-delete": Write("DELETE", r"/pods/NAME-low-", "", Preempted, 8),
    "reserved": Write("PATCH", JOBS + "/NAME-high/status", '"Reserved"', Preempted),
    # Then nothing but the beneficiary's status says for whom half of the place is.
    "cleared": Write("PATCH", JOBS + "/NAME-low-quick/status", '"placement":null',
                     OneOfTwoPreempted),
    "growth": Write("PATCH", JOBS + "/NAME/status", '"revision":2', Growing),
    "requeue": Write("PATCH", JOBS + "/NAME-failing/status", '"WaitingForRetry"', Ended),
    "failed": Write("PATCH", JOBS + "/NAME-failing/status", '"phase":"Failed"', Ended),
    "cancelled": Write("PATCH", JOBS + "/NAME-cancelled/status", '"phase":"Cancelled"', Ended),
    "service": Write("POST", r"/services(\?|$)"),
    "event": Write("POST", r"/events(\?|$)"),
    "lease": Write("PATCH", r"/leases/"),
    "ttl": Write("DELETE", JOBS + "/NAME", "", Expiring),
    # The second one: then the group is bound in part.
    "binding": Write("POST", r"/pods/NAME-\d/binding", "", Group, 2),
    "pod-condition": Write("PATCH", r"/pods/NAME-\d/status", "PodScheduled", LateGroup),
    "group-delete": Write("DELETE", r"/pods/NAME-0", "", StuckGroup),
    "task-job": Write("POST", JOBS + r"(\?|$)", "NAME-a", Pipeline),
    "later-job": Write("POST", JOBS + r"(\?|$)", "NAME-b", Pipeline),
    "workflow-running": Write("PATCH", r"/workflows/NAME/status", '"Running"', Pipeline),
    "workflow-end": Write("PATCH", r"/workflows/NAME/status", '"2/2"', Pipeline),
    "tenant-status": Write("PATCH", TENANT, "", Claim),
    "quota-status": Write("PATCH", RENDERED + "resourcequotas/q/status", "", Claim),
    "claim": Write("PATCH", NAMESPACE, "scheduler.io/tenant", Claim),
    "network-policy": Write("PATCH", RENDERED + "networkpolicies/", "", Claim),
    "role-binding": Write("PATCH", RENDERED + "rolebindings/", "", Claim),
    "core-quota": Write("PATCH", CORE_QUOTA, "", Claim),
    "policy-delete": Write("DELETE", RENDERED + "networkpolicies/", "", Unclaim),
    "role-delete": Write("DELETE", RENDERED + "rolebindings/", "", Unclaim),
    "core-quota-delete": Write("DELETE", CORE_QUOTA, "", Unclaim),
    "unclaim": Write("PATCH", NAMESPACE, "null", Unclaim),
}
