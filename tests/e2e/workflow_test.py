#!/usr/bin/env python3
"""Workflows on a real control plane: the requirements' pipeline, circles, failures."""

import json
import time
import unittest

import story
from harness import ROOT
from kube_client import path_of
from story import Story, condition_of

LIMIT_SECONDS = 420


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=4)


def task(name, *dependencies, seconds=1, **spec):
    return {"name": name, "image": "busybox:1.36", "command": ["sleep", str(seconds)],
            "dependencies": list(dependencies), "resources": {"cpu": "1"}, **spec}


class Workflows(Story):
    def make(self, name, *tasks):
        return self.scene.kube.make("Workflow", {
            "apiVersion": "scheduler.io/v1", "kind": "Workflow",
            "metadata": {"name": name, "namespace": self.scene.name},
            "spec": {"tasks": list(tasks)}})

    def status(self, name):
        return (self.scene.mirror.get("Workflow", self.scene.name, name) or {}).get("status", {})

    def wait(self, name, **wanted):
        return self.scene.until(
            f"workflow {name} {wanted}, not {self.status(name)}",
            lambda: all(self.status(name).get(k) == v for k, v in wanted.items()) and
            self.status(name))

    def phases(self, name):
        return {t["name"]: t["phase"] for t in self.status(name).get("tasks", [])}

    def finish_pods(self, job, code=0):
        """What a kubelet says when the containers have ended."""
        pods = self.scene.until(f"pods of {job} run", lambda: self.scene.running(job), about=job)
        for pod in pods:
            ended = [{"name": c["name"], "image": c["image"], "imageID": "", "ready": False,
                      "restartCount": 0, "state": {"terminated": {
                          "exitCode": code, "reason": "Error" if code else "Completed"}}}
                     for c in pod["spec"]["containers"]]
            self.scene.kube.patch(
                f"{path_of('Pod', self.scene.name, pod['metadata']['name'])}/status",
                {"status": {"phase": "Failed" if code else "Succeeded",
                            "containerStatuses": ended}})

    def test_the_pipeline_of_the_requirements_runs_in_order(self):
        text = (ROOT / "tests/data/requirements/workflow.json").read_text()
        spec = json.loads(text)
        name = spec.pop("name")
        self.make(name, *spec["tasks"])
        order = [t["name"] for t in spec["tasks"]]
        for done, step in enumerate(order):
            job = f"{name}-{step}"
            self.scene.wait(job, phase="Running")
            self.wait(name, phase="Running", done=f"{done}/3", running=1)
            later = {t: "Waiting" for t in order[done + 1:]}
            self.assertLessEqual(later.items(), self.phases(name).items())
            self.assertEqual([self.scene.status(f"{name}-{t}") for t in later], [{}] * len(later))
            self.finish_pods(job)
        status = self.wait(name, phase="Succeeded", done="3/3")
        self.assertEqual(condition_of(status, "Complete")["status"], "True")
        self.assertEqual(self.scene.status(f"{name}-{order[2]}")["gpus"], 2)
        job = self.scene.mirror.get("Job", self.scene.name, f"{name}-{order[0]}")
        self.assertEqual(job["metadata"]["annotations"]["scheduler.io/user"], "muster-admin")
        table = self.house.kubectl("get", "mwf", "-n", self.scene.name).stdout.splitlines()
        self.assertEqual(table[1].split()[:3], [name, "Succeeded", "3/3"])

    def test_a_circle_is_named_within_a_second(self):
        started = time.monotonic()
        self.make("circle", task("a", "c"), task("b", "a"), task("c", "b"), task("free"))
        made = time.monotonic() - started  # how slow the machine is now
        found = self.scene.until("Misconfigured", lambda: condition_of(
            self.status("circle"), "Misconfigured"))
        self.assertLess(time.monotonic() - started - made, 1 + 20 * made)
        self.assertEqual(found["status"], "True")
        self.assertRegex(found["message"], r"spec\.tasks\[\d\]\.dependencies: .* circle: ")
        for arrow in ("a -> ", "b -> ", "c -> "):
            self.assertIn(arrow, found["message"] + " -> ")
        self.assertEqual(self.scene.mirror.all("Job", self.scene.name), [])

    def test_an_unknown_dependency_is_named(self):
        self.make("unknown", task("a", "nobody"))
        found = self.scene.until("Misconfigured", lambda: condition_of(
            self.status("unknown"), "Misconfigured"))
        self.assertIn("spec.tasks[0].dependencies[0]: no task is called nobody", found["message"])

    def test_after_a_failed_task_what_needs_it_is_skipped(self):
        self.make("broken", task("a", seconds=3600), task("b", "a"), task("c", "b"), task("d"))
        self.finish_pods("broken-a", code=3)
        status = self.wait("broken", phase="Failed", done="1/4")
        self.assertEqual(self.phases("broken"), {"a": "Failed", "b": "Skipped", "c": "Skipped",
                                                 "d": "Succeeded"})
        self.assertRegex(status["message"], r"task a failed: pod broken-a-main-0-\w+ exited with "
                                            r"code 3")
        self.assertEqual(condition_of(status, "Failed")["status"], "True")

    def test_branches_run_beside_each_other_and_meet(self):
        self.make("fork", task("root"), task("left", "root", seconds=2, replicas=2),
                  task("right", "root", seconds=2), task("join", "left", "right"))
        self.wait("fork", phase="Succeeded", done="4/4")
        at = {}
        for change in self.scene.mirror.changes("Job", self.scene.name):
            at.setdefault((change.body["metadata"]["name"],
                           change.body.get("status", {}).get("phase")), change.at)
        self.assertGreater(at["fork-left", None], at["fork-root", "Succeeded"] - 0.5)
        for side in ("left", "right"):
            self.assertGreater(at["fork-join", None], at[f"fork-{side}", "Succeeded"] - 0.5)

    def test_deleting_a_workflow_deletes_its_jobs(self):
        self.make("gone", task("a", seconds=3600))
        self.scene.wait("gone-a", phase="Running")
        self.scene.delete("Workflow", "gone")
        self.scene.gone("Job", "gone-a")
        self.scene.until("pods gone", lambda: not self.scene.pods())


if __name__ == "__main__":
    unittest.main()
