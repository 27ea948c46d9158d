#!/usr/bin/env python3
"""The CRDs keep the house rules: a status subresource, the category muster, bounds on everything that a
user can make long, a message on every rule and a description on every field of the spec.  And every rule
on new objects has an object in tests/data/wrong_objects.yaml that breaks it."""
import pathlib
import re
import sys

import yaml

KINDS = {"Tenant", "ResourceQuota", "Job", "Workflow"}


def free(schema):
    """Objects whose inside is checked elsewhere, by a dry run."""
    return schema.get("x-kubernetes-preserve-unknown-fields") or schema.get(
        "x-kubernetes-embedded-resource")


def problems(path, schema):
    kind = schema.get("type")
    short = "maxLength" in schema or "enum" in schema or "format" in schema
    if kind == "string" and not short:
        yield f"{path}: a string without maxLength, enum or format"
    if kind == "array" and "maxItems" not in schema:
        yield f"{path}: a list without maxItems"
    if kind == "array" and "x-kubernetes-list-type" not in schema:
        yield f"{path}: a list without x-kubernetes-list-type"
    if "additionalProperties" in schema and "maxProperties" not in schema:
        yield f"{path}: a map without maxProperties"
    for rule in schema.get("x-kubernetes-validations", []):
        if not (rule.get("message") or rule.get("messageExpression")):
            yield f"{path}: a rule without a message: {rule['rule'][:60]}"
    if free(schema):
        return
    for name, child in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        if where.startswith("spec.") and not child.get("description"):
            yield f"{where}: no description"
        yield from problems(where, child)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(key), dict):
            yield from problems(path + suffix, schema[key])


def of_crd(crd):
    names = crd["spec"]["names"]
    if "muster" not in names.get("categories", []):
        yield f"{names['kind']}: not in the category muster"
    for version in crd["spec"]["versions"]:
        if "status" not in version.get("subresources", {}):
            yield f"{names['kind']}: no status subresource"
        schema = version["schema"]["openAPIV3Schema"]
        top = {key: value for key, value in schema["properties"].items() if key in ("spec", "status")}
        for text in problems("", {**schema, "properties": top}):
            yield f"{names['kind']}: {text}"


def rules(path, schema):
    """(path, message) of each rule that a new object can break."""
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" not in rule["rule"]:
            yield path or "<nil>", rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from rules(f"{path}.{name}" if path else name, child)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(key), dict):
            yield from rules(path + suffix, schema[key])


def broken(case):
    """(kind, path, sentence) of the rule that a wrong object breaks."""
    path, _, text = case["says"].partition(": Invalid value: ")
    path = re.sub(r"\[\w[^]]*\]", ".*", re.sub(r"\[\d+\]", "[]", path))
    return case["object"]["kind"], path, text


def untested(crds, cases):
    known = [broken(case) for case in cases]
    for crd in crds:
        kind = crd["spec"]["names"]["kind"]
        for path, message in rules("", crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]):
            if not any((kind, path) == case[:2] and case[2].endswith(message) for case in known):
                yield f"{kind}: no wrong object breaks the rule of {path}: {message}"


def main(root):
    crds = [document for path in sorted((root / "crds").glob("*.yaml"))
            for document in yaml.safe_load_all(path.read_text()) if document]
    bad = [text for crd in crds for text in of_crd(crd)]
    cases = yaml.safe_load((root / "tests" / "data" / "wrong_objects.yaml").read_text())
    bad += untested(crds, cases)
    missing = KINDS - {crd["spec"]["names"]["kind"] for crd in crds}
    bad += [f"no CRD for {kind}" for kind in sorted(missing)]
    print("\n".join(bad) if bad else f"crds ok: {len(crds)}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
