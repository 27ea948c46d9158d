#!/usr/bin/env python3
"""The chart is sound: its values satisfy their schema and wrong ones do not, Helm's own lint passes,
what exists twice is in step, kustomize and Helm give the same objects, every switch renders, older
clusters get what they serve, pods are restricted, and nothing is granted that must not be."""
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hack"))

import config_schema  # noqa: E402

FORBIDDEN_VERBS = {"*", "escalate", "impersonate", "deletecollection"}
FORBIDDEN = {"secrets", "roles", "serviceaccounts", "serviceaccounts/token", "pods/exec"}
SWITCHES = [
    ["--set", "replicas=3", "--set", "networkPolicy.enabled=false"],
    ["--set", "podDisruptionBudget.enabled=false", "--set", "admission.enabled=false"],
    ["--set", "metrics.serviceMonitor.enabled=true", "--set",
     "metrics.prometheusRule.enabled=true", "--set", "metrics.prometheusRule.labels.a=b"],
    ["--set", "nodeSelector.a=b", "--set-string", "image.tag=1", "--set", "image.pullSecrets[0].name=x",
     "--set", "env[0].name=A", "--set", "env[0].value=b", "--set", "podAnnotations.a=b",
     "--set", "tolerations[0].operator=Exists", "--set", "priorityClassName="],
]


def load_sync(root):
    spec = importlib.util.spec_from_file_location("sync_chart", root / "hack" / "sync-chart.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def values_schema(root):
    chart = root / "charts" / "muster"
    schema = json.loads((chart / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    values = yaml.safe_load((chart / "values.yaml").read_text())
    for error in jsonschema.Draft7Validator(schema).iter_errors(values):
        yield f"values.yaml: {error.json_path}: {error.message}"
    yield from undescribed(schema)
    wrong = [{"replicas": 0}, {"replica": 2}, {"image": {"pullPolicy": "Sometimes"}},
             {"networkPolicy": {"apiServerPorts": [70000]}},
             {"config": {"defaultTenat": "a"}}, {"config": {"policy": {"aging": {"step": "1"}}}}]
    wrong += [{"config": nested(path, "a")} for path in config_schema.GIVEN]
    for change in wrong:
        if jsonschema.Draft7Validator(schema).is_valid({**values, **change}):
            yield f"values.schema.json accepts {change}"


def undescribed(schema, path=""):
    """Keys without a description; a key that only groups others needs none."""
    for name, inner in schema.get("properties", {}).items():
        if "properties" not in inner and not inner.get("description"):
            yield f"values.schema.json does not describe {path}{name}"
        yield from undescribed(inner, f"{path}{name}.")
        yield from undescribed(inner.get("items", {}), f"{path}{name}[].")


def nested(path, value):
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


def restarts(root, sync):
    """A change of what is not reloaded replaces the pods, a change of what is reloaded does not."""
    page = (root / "docs" / "reference" / "config.md").read_text()
    for path, _, live, _ in config_schema.rows(page):
        if live != (path.startswith("policy.") or path == "log.level"):
            yield f"muster.fixedConfig in _helpers.tpl is wrong about {path}"

    def marks(*arguments):
        return {item["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
                for item in sync.render(*arguments) if item["kind"] == "Deployment"}
    before = marks()
    for change, live in (("log.level=debug", True), ("policy.workLimit=5000", True),
                         ("log.format=text", False), ("defaultTenant=a", False)):
        if (marks("--set", f"config.{change}") == before) != live:
            yield f"config.{change} {'replaces' if live else 'does not replace'} the pods"


def helm_lint(root, sync):
    done = subprocess.run([sync.tool("helm"), "lint", "--strict", "--quiet", "charts/muster"],
                          cwd=root, text=True, capture_output=True, check=False)
    if done.returncode:
        yield f"helm lint: {done.stdout}{done.stderr}"


def in_step(root):
    done = subprocess.run([sys.executable, "hack/sync-chart.py", "--check"], cwd=root, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        yield done.stdout + done.stderr


def key(item):
    meta = item["metadata"]
    return item["kind"], meta.get("namespace", ""), meta["name"]


def words(value):
    """Strings without their line breaks: kustomize adds some inside folded ones."""
    if isinstance(value, dict):
        return {name: words(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [words(inner) for inner in value]
    return " ".join(value.split()) if isinstance(value, str) else value


def same_objects(root, sync):
    """helm template at its defaults against kubectl kustomize manifests/base."""
    done = subprocess.run([sync.tool("kubectl"), "kustomize", "manifests/base"], cwd=root,
                          text=True, capture_output=True, check=False)
    if done.returncode:
        yield f"kubectl kustomize: {done.stderr}"
        return
    helm = {key(item): sync.unhelmed(item) for item in sync.render()}
    base = {key(item): item for item in yaml.safe_load_all(done.stdout) if item}
    base.pop(("Namespace", "", "muster-system"), None)
    for name in sorted(helm.keys() ^ base.keys()):
        yield f"{name} is only in {'the chart' if name in helm else 'manifests/base'}"
    for name in sorted(helm.keys() & base.keys()):
        if words(helm[name]) != words(base[name]):
            yield f"{name} differs between the chart and manifests/base"


def switches(root, sync):
    for words in SWITCHES:
        for item in sync.render(*words):
            if item["kind"] == "Deployment":
                yield from restricted(item["spec"]["template"]["spec"])


def older_clusters(root, sync):
    """Without MutatingAdmissionPolicy no Mutating* is rendered, and the notes say what is missing; a
    cluster that is too old is refused."""
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(folder) / "muster"
        shutil.copytree(root / "charts" / "muster", chart)
        # `helm template` does not show notes: here they are part of an object.
        (chart / "templates/NOTES.txt").rename(chart / "notes")
        (chart / "templates/notes.yaml").write_text(
            'kind: Notes\ntext: {{ tpl (.Files.Get "notes") . | quote }}\n')

        def helm(*arguments):
            return subprocess.run([sync.tool("helm"), "template", "muster", str(chart), *arguments],
                                  text=True, capture_output=True, check=False)
        for served, more in ((False, ()), (True, ("--api-versions", sync.MUTATING))):
            text = helm("--kube-version", "1.30.0", *more).stdout
            kinds = {item["kind"]: item for item in yaml.safe_load_all(text) if item}
            if any(kind.startswith("MutatingAdmission") for kind in kinds) != served:
                yield f"MutatingAdmissionPolicies where served is {served}: {sorted(kinds)}"
            if ("does not serve MutatingAdmissionPolicy" in kinds["Notes"]["text"]) == served:
                yield f"NOTES.txt is wrong about MutatingAdmissionPolicy where served is {served}"
        if "chart requires kubeVersion" not in helm("--kube-version", "1.29.9").stderr:
            yield "the chart takes Kubernetes 1.29"


def restricted(pod):
    """The restricted pod-security standard, for the operator's pod."""
    context = pod["securityContext"]
    if not context.get("runAsNonRoot") or "seccompProfile" not in context:
        yield "the pod may run as root, or without a seccomp profile"
    for container in pod["containers"]:
        inner = container["securityContext"]
        if inner.get("allowPrivilegeEscalation") or inner["capabilities"]["drop"] != ["ALL"]:
            yield f"container {container['name']} is not restricted"


def grants(root, sync):
    """Nothing too wide, and bind on two names only."""
    for item in sync.render():
        if item["kind"] not in ("Role", "ClusterRole") or "tenant" in item["metadata"]["name"]:
            continue
        for rule in item["rules"]:
            verbs, what = set(rule["verbs"]), set(rule["resources"])
            if verbs & FORBIDDEN_VERBS or what & FORBIDDEN or "*" in what:
                yield f"{item['metadata']['name']}: {rule} is too wide"
            if "bind" in verbs and sorted(rule.get("resourceNames", [])) != [
                    "muster-tenant-user", "muster-tenant-viewer"]:
                yield f"{item['metadata']['name']}: bind without the two names"


def names_derive(root, sync):
    """Two releases share no object but the CRDs."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
        values.write("fullnameOverride: other\n")
        values.flush()
        other = {key(item) for item in sync.render("--values", values.name)}
    for name in sorted(other & {key(item) for item in sync.render()}):
        if name[0] != "CustomResourceDefinition":
            yield f"{name} has the same name in every release"


def main(root):
    root = root.resolve()
    sync = load_sync(root)
    bad = list(values_schema(root)) + list(in_step(root))
    for check in (helm_lint, same_objects, switches, older_clusters, restarts, grants, names_derive):
        bad += check(root, sync)
    print("\n".join(bad) if bad else "chart ok")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
