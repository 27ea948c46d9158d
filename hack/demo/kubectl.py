"""kubectl as a function, and the words the rest of the demo uses for what is in a cluster."""

import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "tests" / "cluster" / "cluster"
NAMESPACE_PREFIX = "muster-demo-"
SYSTEM = "muster-demo-system"
RELEASE = "muster-demo"
OPERATOR = f"{RELEASE}-operator"
LEASE = OPERATOR


class DemoError(Exception):
    """Something a person can read and act on."""


def tool(name):
    """The path of a Kubernetes program, built when it is missing."""
    done = subprocess.run([str(CLUSTER), "path", name], text=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DemoError(f"{name} could not be built")
    return done.stdout.strip()


def reach(kubeconfig):
    """What to type before kubectl; where there is none, ours does."""
    lines = [f"export KUBECONFIG={kubeconfig}"]
    if not shutil.which("kubectl"):
        lines.append(f"alias kubectl={tool('kubectl')}")
    return "\n  ".join(lines)


class Kubectl:
    """Calls kubectl with one kubeconfig (or a list of them, as KUBECONFIG has it) and context."""

    def __init__(self, kubeconfig, context=None):
        self.path = tool("kubectl")
        self.context = context
        self._environment = dict(os.environ, KUBECONFIG=str(kubeconfig))

    def words(self, *arguments):
        chosen = ["--context", self.context] if self.context else []
        return [self.path, *chosen, *map(str, arguments)]

    def try_run(self, *arguments, text=None, timeout=60):
        """The finished process, whatever its exit code."""
        stdin = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(self.words(*arguments), text=True, capture_output=True, check=False,
                              timeout=timeout, env=self._environment, **stdin)

    def run(self, *arguments, text=None, timeout=60):
        done = self.try_run(*arguments, text=text, timeout=timeout)
        if done.returncode:
            raise DemoError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def items(self, kind, *arguments):
        """Objects of a kind in every namespace; none where the kind is not served."""
        done = self.try_run("get", kind, "-A", "-o", "json", *arguments)
        if done.returncode:
            if "doesn't have a resource type" in done.stderr or "not find" in done.stderr:
                return []
            raise DemoError(f"kubectl get {kind}: {done.stderr.strip()}")
        return json.loads(done.stdout)["items"]


def name_of(item):
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}".lstrip("/")


def is_ours(namespace):
    return namespace.startswith(NAMESPACE_PREFIX)
