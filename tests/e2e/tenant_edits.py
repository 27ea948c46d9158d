"""What each edit of a Tenant, its deletion and its return do to what runs, to what waits and to the
namespace: a test for every row of the table in docs/concepts/tenants.md."""

import contextlib

from audit_log import by_operator
from story import ApiError, Story, condition_of, path_of, template

LEVEL = "pod-security.kubernetes.io/enforce"
RENDERED = {"networkPolicy": {"isolation": "namespace"}, "users": ["ann"],
            "resourceQuota": {"storage": "1Gi", "gpu": 4}}
KINDS = ("NetworkPolicy", "RoleBinding", "CoreQuota")
PLURALS = ("networkpolicies", "rolebindings", "resourcequotas")


class EditStory(Story):
    """`runs` is there from the first to the last, `waits` from when it is first made to wait."""

    def begin(self, scene=None, **job):
        scene = scene or self.scene
        scene.job("runs", **job)
        scene.wait("runs", phase="Running")
        self.first = (scene, scene.pods("runs")[0]["metadata"]["uid"])

    def goes_on(self):
        """The edit ended nothing."""
        scene, uid = self.first
        self.assertEqual((scene.status("runs")["phase"], scene.status("runs")["attempt"]),
                         ("Running", 1))
        self.assertEqual([pod["metadata"]["uid"] for pod in scene.running("runs")], [uid])
        self.assertEqual([write for write in scene.operator_writes()
                          if write.resource in ("pods", "namespaces") and write.verb == "delete"
                          or write.resource == "pods/eviction"], [])

    def then_waits_runs(self):
        """What waited gets the room of what ran."""
        self.goes_on()
        self.first[0].patch("runs", cancel=True)
        self.first[0].wait("waits", phase="Running")

    def told(self, name, reason, *words, scene=None):
        scene = scene or self.scene

        def there():
            status = scene.status(name)
            return status.get("reason") == reason and all(
                word in status["message"] for word in words)
        scene.until(f"{name} is told {reason} {words}", there, about=name)
        self.assertEqual(scene.pods(name), [])

    def labels(self, space):
        return self.scene.kube.get(path_of("Namespace", name=space))["metadata"]["labels"]

    def until_claimed(self, space, tenant):
        self.scene.until(f"{space} is of {tenant}", lambda: self.labels(space).get(
            "scheduler.io/tenant") == tenant)

    def rendered(self, space, tenant):
        found = []
        for kind in KINDS:
            with contextlib.suppress(ApiError):
                self.scene.kube.get(path_of(kind, space, f"muster-{tenant}"))
                found.append(kind)
        return tuple(found)

    def until_rendered(self, space, tenant):
        self.scene.until(f"{KINDS} in {space}", lambda: self.rendered(space, tenant) == KINDS)

    def until_used(self, tenant, gpus):
        self.scene.until(f"{tenant} holds {gpus}", lambda: (self.scene.mirror.get(
            "Tenant", "", tenant) or {}).get("status", {}).get("gpus") == gpus)

    def left_cleanly(self, space, old):
        """By the audit log: everything of `old` was gone before the namespace was given away, and
        before there was anything of another tenant."""
        deleted, other = [], []
        for write in self.house.writes():
            if write.namespace != space or not by_operator(write) or write.code not in (200, 201):
                continue
            if (write.verb, write.name) == ("delete", f"muster-{old}"):
                self.assertIn(write.resource, PLURALS)
                deleted.append(write.at)
            elif write.resource == "namespaces" or write.resource in PLURALS:
                other.append((write.at, write.resource))
        self.assertEqual(len(deleted), len(KINDS))
        after = [resource for at, resource in sorted(other) if at > min(deleted)]
        self.assertEqual(after[:1], ["namespaces"])
        self.assertLess(max(deleted), min(at for at, _ in other if at > min(deleted)))


class Edits(EditStory):
    def test_a_quota_lowered_below_what_is_used(self):
        self.scene.set_tenant({"resourceQuota": {"gpu": 4}})
        self.begin(gpu=3)
        self.scene.job("waits", gpu=2)
        self.scene.job("large", gpu=4)
        self.told("waits", "WaitingForQuota", "1 of 4 left (3 in use)")
        self.scene.set_tenant({"resourceQuota": {"gpu": 2}})
        self.told("waits", "WaitingForQuota", "0 of 2 left (3 in use)")
        self.told("large", "ExceedsMaxQuota", "may have at most 2")
        self.until_used(self.scene.name, "3/2")
        self.then_waits_runs()

    def test_a_priority_class_lowered(self):
        self.scene.set_tenant({"priorityClass": "high", "resourceQuota": {"cpu": 1}})
        self.begin(priority="high")
        self.scene.job("waits", priority="high")
        self.told("waits", "WaitingForQuota")
        self.scene.set_tenant({"priorityClass": "normal", "resourceQuota": {"cpu": 1}})
        self.told("waits", "Misconfigured", "high", "normal", self.scene.name)
        self.goes_on()
        self.scene.set_tenant({"priorityClass": "critical", "resourceQuota": {"cpu": 1}})
        self.told("waits", "WaitingForQuota")
        self.then_waits_runs()

    def test_a_security_policy_tightened(self):
        quota = {"resourceQuota": {"cpu": 1}}
        body = template()
        body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        task = {"tasks": [{"name": "main", "template": body}]}
        self.scene.set_tenant({**quota, "securityPolicy": {"podSecurityLevel": "privileged"}})
        self.scene.until("level", lambda: self.labels(self.scene.name).get(LEVEL) == "privileged")
        self.begin(**task)
        self.scene.job("waits", **task)
        self.told("waits", "WaitingForQuota")
        self.scene.set_tenant({**quota, "securityPolicy": {
            "allowPrivileged": False, "podSecurityLevel": "baseline"}})
        self.told("waits", "Misconfigured", "privileged", "allowPrivileged: false")
        self.scene.until("level", lambda: self.labels(self.scene.name).get(LEVEL) == "baseline")
        self.goes_on()
        self.scene.set_tenant(quota)
        self.scene.until("no level", lambda: LEVEL not in self.labels(self.scene.name))
        self.told("waits", "WaitingForQuota")
        self.then_waits_runs()

    def test_isolation_changed(self):
        path = path_of("NetworkPolicy", self.scene.name, f"muster-{self.scene.name}")

        def policy():
            with contextlib.suppress(ApiError):
                return self.scene.kube.get(path)["spec"]
            return {}
        self.begin()
        self.assertEqual(policy(), {})
        for isolation, allowed, kinds, texts in (
                ("namespace", [], ["Ingress"], [self.scene.name]),
                ("strict", [], ["Ingress", "Egress"], [self.scene.name, "kube-system"]),
                ("strict", ["kube-nod*"], ["Ingress", "Egress"], ["kube-node-lease"])):
            self.scene.set_tenant({"networkPolicy": {
                "isolation": isolation, "allowedNamespaces": allowed}})
            self.scene.until(f"policy {isolation} {allowed}", lambda kinds=kinds, texts=texts: (
                policy().get("policyTypes") == kinds and all(
                    text in str(policy()) for text in texts)))
            self.assertEqual(policy()["podSelector"], {})  # whoever runs there
            self.goes_on()
        self.scene.set_tenant({})
        self.scene.until("no policy", lambda: not policy())
        self.goes_on()

    def test_a_namespace_taken_out(self):
        space = self.new_scene("taken-out", tenant=None)
        mine, next_one = self.scene.name, "takes-over"
        self.scene.set_tenant({**RENDERED, "namespaces": [mine, space.name]})
        self.until_claimed(space.name, mine)
        self.until_rendered(space.name, mine)
        self.begin(space, gpu=3)
        space.job("waits", gpu=2)
        self.told("waits", "WaitingForQuota", "1 of 4 left (3 in use)", scene=space)
        self.until_used(mine, "3/4")
        self.scene.set_tenant({**RENDERED, "namespaces": [mine]})
        self.until_claimed(space.name, None)
        self.told("waits", "NoTenant", f"no Tenant claims namespace {space.name}", scene=space)
        self.until_used(mine, "0/4")
        self.assertEqual(self.rendered(space.name, mine), ())
        self.goes_on()
        self.make_tenant(next_one, [space.name])
        self.until_claimed(space.name, next_one)
        self.until_used(next_one, "3/4")
        self.told("waits", "WaitingForQuota", next_one, "1 of 4 left (3 in use)", scene=space)
        self.then_waits_runs()

    def make_tenant(self, name, spaces):
        self.scene.kube.apply(path_of("Tenant", name=name), {
            "apiVersion": "scheduler.io/v1", "kind": "Tenant", "metadata": {"name": name},
            "spec": {**RENDERED, "namespaces": spaces,
                     "placement": {"nodeSelector": {"pool": "common"}}}})

    def test_a_namespace_that_another_tenant_waits_for(self):
        space = self.new_scene("wanted-by-two", tenant=None)
        mine, next_one = self.scene.name, "second-in-line"
        self.scene.set_tenant({**RENDERED, "namespaces": [space.name]})
        self.until_rendered(space.name, mine)
        self.begin(space, gpu=3)
        self.make_tenant(next_one, [space.name])
        self.scene.until("it is told who holds it", lambda: (condition_of((
            self.scene.mirror.get("Tenant", "", next_one) or {}).get("status", {}), "Ready") or {}
            ).get("message") == f"namespace {space.name} is held by Tenant {mine}")
        self.scene.set_tenant({**RENDERED, "namespaces": [mine]})
        self.until_claimed(space.name, next_one)
        self.until_rendered(space.name, next_one)
        self.assertEqual(self.rendered(space.name, mine), ())
        self.until_used(next_one, "3/4")
        self.left_cleanly(space.name, mine)
        self.goes_on()

    def test_a_tenant_deleted_and_created_again(self):
        mine = self.scene.name
        self.scene.set_tenant(RENDERED)
        self.until_rendered(mine, mine)
        self.begin(gpu=3)
        self.scene.job("waits", gpu=2)
        self.told("waits", "WaitingForQuota", "1 of 4 left (3 in use)")
        self.scene.kube.delete(path_of("Tenant", name=mine))
        self.until_claimed(mine, None)
        self.scene.job("late")
        for name in ("waits", "late"):
            self.told(name, "NoTenant", f"no Tenant claims namespace {mine}")
        self.assertEqual(self.rendered(mine, mine), ())
        self.left_cleanly(mine, mine)
        self.goes_on()
        self.scene.set_tenant(RENDERED)
        self.until_claimed(mine, mine)
        self.until_rendered(mine, mine)
        self.until_used(mine, "3/4")
        self.told("waits", "WaitingForQuota", "1 of 4 left (3 in use)")
        self.scene.wait("late", phase="Running")
        self.then_waits_runs()
