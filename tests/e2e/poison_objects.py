"""Objects that are wrong in ways no schema catches: the trouble stays with the one that brought it."""

from audit_log import by_operator
from kube_client import path_of
from story import ApiError, Scene, Story, condition_of, template

HEALTHY = None  # the scene whose jobs nothing may touch


def make_healthy(_house):
    """Jobs that run from the beginning to the end of the file."""
    global HEALTHY
    HEALTHY = Scene("healthy", {})
    HEALTHY.job("gang", replicas=4, gpu=1)
    HEALTHY.job("single")
    HEALTHY.wait("gang", phase="Running", ready="4/4")
    HEALTHY.wait("single", phase="Running")


class PoisonStory(Story):
    def tearDown(self):
        self.unharmed()

    def unharmed(self):
        """The healthy jobs never moved, the first operator lives, and it still starts jobs."""
        replica = self.house.replicas[0]
        self.assertTrue(replica.alive(), replica.tail())
        self.assertEqual(len(self.house.replicas), 1)
        for name, pods in (("gang", 4), ("single", 1)):
            status = HEALTHY.status(name)
            self.assertEqual((status["phase"], status["attempt"], status["preemptions"]),
                             ("Running", 1, 0))
            self.assertEqual(len(HEALTHY.running(name)), pods)
        ended = [w for w in self.house.writes() if by_operator(w) and not w.dry and (
            w.resource, w.verb) in (("pods", "delete"), ("pods/eviction", "create"))]
        self.assertEqual(ended, [])  # in no scene at all

    def still_works(self):
        scene = self.new_scene(f"{self.scene.name[:30]}-after", {})
        scene.job("after", sim={"run-seconds": 1})
        scene.wait("after", phase="Succeeded")

    def refused(self, name, reasons=("Misconfigured",), scene=None):
        """Waits until the job waits for one of the reasons; its status.  It has no pod."""
        scene = scene or self.scene
        status = scene.until(f"{name} is told {reasons}", lambda: scene.status(name).get(
            "reason") in reasons and scene.status(name), about=name)
        self.assertEqual(status["phase"], "Pending")
        self.assertTrue(status["message"])
        self.assertEqual(scene.pods(name), [])
        return status


class Quantities(PoisonStory):
    def test_quantities_that_are_none(self):
        cases = {"negative": "-1", "letters": "abc", "empty": "", "list": ["1"], "exponent": "1e9999",
                 "object": {"a": "b"}}
        for name, amount in cases.items():
            self.scene.job(name, tasks=[{"name": "main", "template": template(cpu=amount)}])
        for name in cases:
            message = self.refused(name)["message"]
            self.assertIn("containers[0].resources.requests.cpu", message)
            self.assertRegex(message, "a quantity such as 500m|must not be negative|too large")
        self.still_works()

    def test_quantities_beyond_everything(self):
        for name, cpu, replicas in (("nines", "9223372036854775807", 1), ("exa", "9E", 3),
                                    ("sum", "900P", 10_000), ("far", "99999999999999999999E", 1)):
            self.scene.job(name, cpu=cpu, replicas=replicas)
        self.scene.job("gpus", gpu="9223372036854775807", replicas=10_000)
        for name in ("nines", "exa", "sum", "far", "gpus"):
            status = self.refused(name, ("Misconfigured", "NoMatchingNodes", "ExceedsMaxQuota"))
            self.assertRegex(status["message"], "cpu|nvidia.com/gpu")
        self.still_works()

    def test_a_fraction_of_a_gpu_in_a_template(self):
        self.scene.job("half", gpu="500m")
        self.assertIn("integer", self.refused("half")["message"])


class Templates(PoisonStory):
    def test_a_template_of_a_mebibyte(self):
        big = template()
        big["spec"]["containers"][0]["args"] = ["x" * 1024 * 1024]
        self.scene.job("big", tasks=[{"name": "main", "replicas": 2, "template": big}])
        self.scene.until("it runs, or says why not", lambda: self.scene.status("big").get(
            "phase") == "Running" or self.scene.status("big").get("reason") == "Misconfigured",
            about="big")

    def test_ten_mebibytes_are_refused_at_the_door(self):
        big = template()
        big["spec"]["containers"][0]["args"] = ["x" * 10 * 1024 * 1024]
        with self.assertRaises((ApiError, OSError)) as refusal:
            self.scene.job("huge", tasks=[{"name": "main", "template": big}])
        if isinstance(refusal.exception, ApiError):  # unless it closed the connection first
            self.assertIn("too large", str(refusal.exception))
        self.still_works()

    def test_labels_of_garbage(self):
        cases = {"key": {"no good key!": "v"}, "value": {"a": "x y"}, "long": {"a": "v" * 64},
                 "number": {"a": 5}, "nested": {"a": {"b": "c"}}, "list": ["a"]}
        for name, labels in cases.items():
            body = template()
            body["metadata"]["labels"] = labels
            self.scene.job(name, tasks=[{"name": "main", "template": body}])
        for name in cases:
            self.assertIn("labels", self.refused(name)["message"])
        self.still_works()

    def test_fields_that_do_not_exist_and_shapes_that_are_wrong(self):
        unknown = template()
        unknown["spec"]["containers"][0]["imagee"] = "typo"
        ports = template()
        ports["spec"]["containers"][0]["ports"] = "all of them"
        volumes = template(volumes={"not": "a list"})
        nothing = template()
        nothing["spec"]["containers"] = [{}]
        for name, body in (("unknown", unknown), ("ports", ports), ("volumes", volumes),
                           ("nothing", nothing)):
            self.scene.job(name, tasks=[{"name": "main", "template": body}])
        self.assertIn("imagee", self.refused("unknown")["message"])
        for name in ("ports", "volumes", "nothing"):
            self.assertIn(name if name != "nothing" else "name", self.refused(name)["message"])

    def test_a_template_that_pod_security_refuses(self):
        scene = self.new_scene("guarded", {"securityPolicy": {"podSecurityLevel": "restricted"}})
        scene.until("level", lambda: scene.kube.get(path_of("Namespace", name=scene.name))[
            "metadata"]["labels"].get("pod-security.kubernetes.io/enforce") == "restricted")
        scene.job("lax", tasks=[{"name": "main", "replicas": 2, "template": template()}])
        self.assertIn("violates PodSecurity", self.refused("lax", scene=scene)["message"])


class Admission(PoisonStory):
    def policy(self, name, expression, message):
        base = "/apis/admissionregistration.k8s.io/v1"
        self.scene.kube.apply(f"{base}/validatingadmissionpolicies/{name}", {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name}, "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["pods"]}], "namespaceSelector": {"matchLabels": {
                        "kubernetes.io/metadata.name": self.scene.name}}},
                "validations": [{"expression": expression, "message": message}]}})
        self.scene.kube.apply(f"{base}/validatingadmissionpolicybindings/{name}", {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]}})
        probe = {"apiVersion": "v1", "kind": "Pod", **template()}
        probe["metadata"].update(name="probe-0", namespace=self.scene.name)

        def works():
            try:
                self.scene.kube.create(path_of("Pod", self.scene.name) + "?dryRun=All", probe)
                return False
            except ApiError as error:
                return message in str(error)
        self.scene.until(f"policy {name} works", works)

    def test_what_a_policy_refuses_in_the_dry_run(self):
        self.policy("poison-never", "false", "nothing may run here")
        self.scene.job("gang", replicas=3)
        self.assertIn("nothing may run here", self.refused("gang")["message"])
        self.still_works()

    def test_what_is_refused_only_when_it_is_created(self):
        self.policy("poison-late", "object.metadata.name.endsWith('-dry')", "only dry runs here")
        self.scene.job("gang", replicas=3, gpu=1)
        self.scene.job("single", gpu=1)
        for name in ("gang", "single"):
            status = self.refused(name)
            self.assertIn("only dry runs here", status["message"])
            self.assertNotIn("placement", status)
            self.assertEqual(self.scene.condition(name, "Misconfigured")["status"], "True")
        self.still_works()


class Tenants(PoisonStory):
    def ready(self, tenant, status):
        """Waits until the Tenant's condition Ready has this status; its message."""
        def told():
            body = self.scene.mirror.get("Tenant", "", tenant) or {}
            found = condition_of(body.get("status", {}), "Ready")
            return found and found["status"] == status and found
        return self.scene.until(f"Tenant {tenant} whose Ready is {status}", told)["message"]

    def test_a_tenant_that_claims_the_system(self):
        for name, spaces in (("greedy", ["kube-system", "muster-system"]), ("glob", ["kube-*"])):
            self.scene.kube.apply(path_of("Tenant", name=name), {
                "apiVersion": "scheduler.io/v1", "kind": "Tenant", "metadata": {"name": name},
                "spec": {"namespaces": spaces}})
        self.assertIn("kube-system", self.ready("greedy", "False"))
        self.assertIn("no namespace matches", self.ready("glob", "True"))
        for space in ("kube-system", "kube-public", "kube-node-lease", "muster-system"):
            labels = self.scene.kube.get(path_of("Namespace", name=space))["metadata"]["labels"]
            self.assertNotIn("scheduler.io/tenant", labels)
        self.still_works()
