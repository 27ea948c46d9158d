#!/usr/bin/env python3
"""crds/ against the codec, field by field: what the schema has is read, what is read the schema has,
and every field of a status comes back as it was when it is written.

schema_test.py PROBE, where PROBE is the program made of schema_probe.cc.
"""

import copy
import functools
import json
import pathlib
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {"Tenant": "tenants", "ResourceQuota": "resourcequotas", "Job": "jobs",
         "Workflow": "workflows"}
SHORT_FORM = {"image", "command", "args", "env", "resources", "replicas", "sharedMemory"}
# Copied into the pod as they stand: what is inside is the pod's.
RAW = {"spec.env", "spec.command", "spec.args", "spec.tasks[].template", "spec.tasks[].env",
       "spec.tasks[].command", "spec.tasks[].args"}
# A task of a Workflow is read with the reader of a Job's spec, whose other fields it does not have.
NOT_IN_TASKS = {"tasks", "deadline", "suspend", "cancel", "ttlSecondsAfterFinished"}
# Written for people, derived from other fields, and not read back.
DERIVED = {"Job": {"status.runtime", "status.estimatedStartTime"}}
PROBE = None


def schema_of(kind):
    crd = yaml.safe_load((ROOT / "crds" / f"{KINDS[kind]}.yaml").read_text())
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def paths(schema, path):
    """Every member that the schema names, with [] for an item of a list."""
    if path in RAW:
        return
    for name, member in schema.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        yield inner
        yield from paths(member, inner)
    if "items" in schema:
        yield from paths(schema["items"], path + "[]")


def sample(schema, path="", counter=None):
    """A value that obeys the schema, with another value for each field."""
    counter = counter if counter is not None else [0]
    counter[0] += 1
    number = counter[0]
    if schema.get("x-kubernetes-int-or-string"):
        return "high" if path.endswith("priority") else f"{number}"
    if "enum" in schema:
        return schema["enum"][-1]
    kind = schema["type"]
    if kind == "object":
        if "additionalProperties" in schema:
            return {"cpu": f"{number}500m", "memory": f"{number}Gi"} \
                if schema["additionalProperties"].get("x-kubernetes-int-or-string") \
                else {"key": f"text{number}"}
        return {name: sample(member, f"{path}.{name}", counter)
                for name, member in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"], path + "[]", counter) for _ in range(2)]
    if kind == "string":
        if schema.get("format") == "date-time":
            return f"2024-01-01T12:{number // 60 % 60:02d}:{number % 60:02d}Z"
        return f"text{number}"
    return True if kind == "boolean" else number


def probe(kind, bodies):
    """The program's answer to each object."""
    lines = "".join(f"{kind} {json.dumps(body)}\n" for body in bodies)
    answer = subprocess.run([PROBE], input=lines, text=True, check=True, capture_output=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


@functools.cache
def answers_of(kind):
    return probe(kind, objects(kind))


def objects(kind):
    """Objects that together hold every field of the schema."""
    schema = schema_of(kind)
    body = {"metadata": {"name": "x"}, "spec": sample(schema["properties"]["spec"], "spec"),
            "status": sample(schema["properties"]["status"], "status")}
    if kind != "Job":
        return [body]
    full = copy.deepcopy(body)
    del body["spec"]["tasks"]
    for name in SHORT_FORM:
        del full["spec"][name]
    return [body, full]


class Schema(unittest.TestCase):
    def each(self):
        for kind in KINDS:
            yield kind, copy.deepcopy(answers_of(kind))

    def read(self, kind, answers):
        found = {path for answer in answers for path in answer["read"]}
        return {path for path in found if path.split(".")[0] in ("spec", "status")}

    def test_an_object_with_every_field_is_valid(self):
        for kind, answers in self.each():
            self.assertEqual([answer["invalid"] for answer in answers], [""] * len(answers), kind)

    def test_what_the_schema_has_is_read(self):
        for kind, answers in self.each():
            named = {path for part in ("spec", "status")
                     for path in paths(schema_of(kind)["properties"][part], part)}
            self.assertEqual(named - self.read(kind, answers) - DERIVED.get(kind, set()), set(),
                             kind)

    def test_what_is_read_the_schema_has(self):
        for kind, answers in self.each():
            schema = schema_of(kind)["properties"]
            named = {path for part in ("spec", "status")
                     for path in paths(schema[part], part)}
            maps = {path for path in named if self.is_map(schema, path)}
            extra = {path for path in self.read(kind, answers) - named
                     if not any(path.startswith(known + ".") for known in maps)}
            if kind == "Workflow":
                extra = {path for path in extra
                         if path.removeprefix("spec.tasks[].").split(".")[0].split("[")[0]
                         not in NOT_IN_TASKS}
            self.assertEqual(extra, set(), kind)

    def is_map(self, schema, path):
        here = {"properties": schema}
        for name in path.split("."):
            here = here["properties"][name.removesuffix("[]")]
            if name.endswith("[]"):
                here = here["items"]
        return "additionalProperties" in here

    def test_every_field_of_a_status_comes_back(self):
        for kind, answers in self.each():
            status = objects(kind)[0]["status"]
            for path in DERIVED.get(kind, ()):
                name = path.removeprefix("status.")
                self.assertIn(name, answers[0]["patch"]["status"])
                status.pop(name)
                answers[0]["patch"]["status"].pop(name)
            self.assertEqual(answers[0]["patch"]["status"], status, kind)

    def test_every_word_of_an_enumeration_in_a_status_is_known(self):
        placement = schema_of("Job")["properties"]["status"]["properties"]["placement"]
        for field in ("state", "cause"):
            words = placement["properties"][field]["enum"]
            bodies = [{"metadata": {"name": "x"}, "spec": {"image": "i"}, "status": {
                "observedGeneration": 1, "placement": {"attempt": 1, field: word}}}
                for word in words]
            for word, answer in zip(words, probe("Job", bodies), strict=True):
                self.assertEqual(answer["invalid"], "")
                written = answer["patch"]["status"]["placement"].get(field, "None")
                self.assertEqual(written, word)

    def test_amounts_and_lists_have_limits(self):
        def walk(schema, path):
            if schema.get("x-kubernetes-preserve-unknown-fields"):
                return
            kind = schema.get("type")
            if kind == "array":
                self.assertIn("maxItems", schema, path)
                self.assertIn("x-kubernetes-list-type", schema, path)
                walk(schema["items"], path + "[]")
            elif kind == "string":
                self.assertTrue({"maxLength", "enum", "format"} & set(schema), path)
            elif kind == "integer":
                self.assertLessEqual({"minimum", "maximum"}, set(schema), path)
            if "additionalProperties" in schema:
                self.assertIn("maxProperties", schema, path)
                walk(schema["additionalProperties"], path + "{}")
            for name, member in schema.get("properties", {}).items():
                self.assertIn("description", member, f"{path}.{name}")
                walk(member, f"{path}.{name}")
        for kind in KINDS:
            for part in ("spec", "status"):
                walk(schema_of(kind)["properties"][part], f"{kind}.{part}")


if __name__ == "__main__":
    PROBE = sys.argv.pop(1)
    unittest.main()
