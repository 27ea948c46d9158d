"""Prometheus on this machine with our rules, scraping both replicas.

The program is Debian's, unpacked into the cache and not installed: no service appears.
"""

import os
import pathlib
import shutil
import subprocess

import yaml

from . import operators, processes
from .kubectl import ROOT, DemoError
from .state import DIRECTORY

RULES = ROOT / "charts" / "muster" / "files" / "rules.yaml"


def program():
    """The path of a prometheus program, fetched from Debian when there is none."""
    found = shutil.which("prometheus")
    if found:
        return found
    base = pathlib.Path(os.environ.get("MUSTER_CACHE", pathlib.Path.home() / ".cache" / "muster"))
    folder = base / "prometheus"
    path = folder / "usr" / "bin" / "prometheus"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        steps = [["apt-get", "-qq", "download", "prometheus"]]
        for step in steps:
            if subprocess.run(step, cwd=folder, stdin=subprocess.DEVNULL, check=False).returncode:
                raise DemoError("prometheus is not on the PATH, and `apt-get download prometheus`"
                                " failed (apt-get update first?)")
        package = next(folder.glob("prometheus_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package.name, "."], cwd=folder, check=True)
        package.unlink()
    return str(path)


def start(state):
    """Starts it, unless it runs; returns its address."""
    for row in state.processes():
        if row["name"] == "prometheus":
            return f"http://127.0.0.1:{row['port']}"
    replicas = operators.running(state)
    if not replicas:
        raise DemoError("no operator runs; `make start-scheduler` first")
    port = processes.free_port()
    config = DIRECTORY / "prometheus.yaml"
    rules = DIRECTORY / "prometheus-rules.yaml"
    rules.write_text(RULES.read_text() if RULES.exists() else "groups: []\n")
    config.write_text(yaml.safe_dump({
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "muster-operator", "static_configs": [
            {"targets": [f"127.0.0.1:{row['port']}"], "labels": {"replica": row["name"]}}
            for row in replicas]}]}))
    words = [program(), f"--config.file={config}", f"--storage.tsdb.path={DIRECTORY}/prometheus",
             f"--web.listen-address=127.0.0.1:{port}"]
    process = processes.start(state, "prometheus", words, port=port)
    address = f"http://127.0.0.1:{port}"
    processes.wait_for("Prometheus", lambda: processes.answers(f"{address}/-/ready"), process,
                       DIRECTORY / "prometheus.log")
    return address
