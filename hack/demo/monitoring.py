"""Prometheus on this machine with our rules, scraping both replicas.

The program is Debian's, unpacked into the cache and not installed: no service appears.
"""

import json
import os
import pathlib
import shutil
import subprocess

import yaml

from . import operators, processes
from .kubectl import ROOT, DemoError
from .state import DIRECTORY

SETUP = ROOT / "manifests" / "monitoring"


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
        if not download(folder):
            subprocess.run([ROOT / "hack" / "install-deps.sh", "lists"], check=False,
                           stdin=subprocess.DEVNULL)
            if not download(folder):
                raise DemoError("prometheus is not on the PATH, and `apt-get download prometheus`"
                                " fails")
        package = next(folder.glob("prometheus_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package.name, "."], cwd=folder, check=True)
        package.unlink()
    return str(path)


def download(folder):
    return subprocess.run(["apt-get", "-qq", "download", "prometheus"], cwd=folder, check=False,
                          stdin=subprocess.DEVNULL).returncode == 0


def configure(replicas):
    """manifests/monitoring with our targets, and with short intervals, because a demo is short."""
    folder = DIRECTORY / "monitoring"
    folder.mkdir(parents=True, exist_ok=True)
    config = yaml.safe_load((SETUP / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "2s", "evaluation_interval": "2s"}
    for job in config["scrape_configs"]:
        job.pop("scrape_timeout", None)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copyfile(SETUP / "rules.yaml", folder / "rules.yaml")
    targets = [{"targets": [f"127.0.0.1:{row['port']}"], "labels": {"replica": row["name"]}}
               for row in replicas]
    (folder / "targets.json").write_text(json.dumps(targets))
    return folder


def forget():
    """What was scraped."""
    shutil.rmtree(DIRECTORY / "monitoring", ignore_errors=True)


def start(state):
    """Starts it, unless it runs; returns its address."""
    for row in state.processes():
        if row["name"] == "prometheus":
            return f"http://127.0.0.1:{row['port']}"
    replicas = operators.running(state)
    if not replicas:
        raise DemoError("no operator runs; `make start-scheduler` first")
    port = processes.free_port()
    folder = configure(replicas)
    words = [program(), f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    process = processes.start(state, "prometheus", words, port=port)
    address = f"http://127.0.0.1:{port}"
    processes.wait_for("Prometheus", lambda: processes.answers(f"{address}/-/ready"), process,
                       DIRECTORY / "prometheus.log")
    return address
