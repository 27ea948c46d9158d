"""Builds the Kubernetes programs from their Go modules and keeps them in a cache.

The cache lies outside the clone and is keyed by go.mod, go.sum, the Go version and the build
flags, so a second clone finds everything built. A file lock a key makes parallel builds wait for
each other; a binary appears under its name by rename, so whoever sees it sees all of it.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from .errors import ClusterError

ROOT = pathlib.Path(__file__).resolve().parent.parent
KUBERNETES_VERSION = "v1.36.3"
HELM_VERSION = "v4.3.1"

# tool name -> (folder of its go.mod, package, name the go command gives the binary)
TOOLS = {
    "etcd": ("tools", "go.etcd.io/etcd/server/v3", "server"),
    "kube-apiserver": ("tools", "k8s.io/kubernetes/cmd/kube-apiserver", None),
    "kube-controller-manager": ("tools", "k8s.io/kubernetes/cmd/kube-controller-manager", None),
    "kubectl": ("tools", "k8s.io/kubernetes/cmd/kubectl", None),
    "kwok": ("tools", "sigs.k8s.io/kwok/cmd/kwok", None),
    "kube-scheduler": ("tools", "k8s.io/kubernetes/cmd/kube-scheduler", None),
    "kubelet": ("tools", "k8s.io/kubernetes/cmd/kubelet", None),
    "helm": ("helm", "helm.sh/helm/v4/cmd/helm", None),
    "coredns": ("coredns", "github.com/coredns/coredns", None),
}
CONTROL_PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"]
KWOK = ["kwok"]
REAL_NODES = ["kubelet", "kube-scheduler", "coredns"]


def _kubernetes_flags(package):
    major, minor, _ = KUBERNETES_VERSION.lstrip("v").split(".")
    values = {
        "gitVersion": KUBERNETES_VERSION,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return [f"-X {package}.{key}={value}" for key, value in values.items()]


def _link_flags(folder):
    """Without these `kubectl version` says v0.0.0 and Helm refuses charts by kubeVersion."""
    flags = ["-s", "-w"]
    if folder == "tools":
        flags += _kubernetes_flags("k8s.io/component-base/version")
        flags += _kubernetes_flags("k8s.io/client-go/pkg/version")
    if folder == "helm":
        flags.append(f"-X helm.sh/helm/v4/internal/version.version={HELM_VERSION}")
    return " ".join(flags)


def cache_root():
    explicit = os.environ.get("MUSTER_CACHE")
    if explicit:
        return pathlib.Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "muster"


def _go_version():
    try:
        done = subprocess.run(["go", "env", "GOVERSION"], cwd=ROOT / "tools", text=True,
                              capture_output=True, check=False)
    except FileNotFoundError as error:
        raise ClusterError("`go` is not on the PATH; install Go 1.26 or newer") from error
    if done.returncode != 0:
        raise ClusterError(f"`go env` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _key(folder):
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((ROOT / folder / name).read_bytes())
    digest.update(_link_flags(folder).encode())
    digest.update(_go_version().encode())
    return digest.hexdigest()[:16]


def bin_dir(folder):
    return cache_root() / "tools" / f"{folder}-{_key(folder)}" / "bin"


def paths(names):
    """Absolute path of each tool, building what is missing."""
    build(names)
    return {name: str(bin_dir(TOOLS[name][0]) / name) for name in names}


def build(names):
    folders = {}
    for name in names:
        if name not in TOOLS:
            raise ClusterError(f"no tool named {name}; known: {', '.join(TOOLS)}")
        folders.setdefault(TOOLS[name][0], []).append(name)
    for folder, members in folders.items():
        _build_folder(folder, members)


def _build_folder(folder, names):
    target = bin_dir(folder)
    if all((target / name).exists() for name in names):
        return
    target.mkdir(parents=True, exist_ok=True)
    with open(target.parent / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in names if not (target / name).exists()]
        if missing:
            print(f"building {', '.join(missing)} (minutes the first time) into {target}",
                  file=sys.stderr, flush=True)
            _go_build(folder, missing, target)


def _go_build(folder, names, target):
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="build-", dir=target.parent))
    command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-p",
               os.environ.get("MUSTER_BUILD_JOBS", str(os.cpu_count() or 2)),
               f"-ldflags={_link_flags(folder)}", "-o", f"{scratch}/"]
    command += [TOOLS[name][1] for name in names]
    environment = dict(os.environ, CGO_ENABLED="0", GOWORK="off", GOFLAGS="")
    try:
        done = subprocess.run(command, cwd=ROOT / folder, env=environment, check=False)
        if done.returncode != 0:
            raise ClusterError(f"go build of {', '.join(names)} failed (see above)")
        for name in names:
            os.rename(scratch / (TOOLS[name][2] or name), target / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
