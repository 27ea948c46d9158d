"""A certificate authority made on the spot, and kubeconfigs for anyone (openssl command line)."""

import base64
import os
import pathlib
import subprocess

import yaml

from .errors import ClusterError

DAYS = "3650"


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def _escape(text):
    """The openssl -subj syntax gives / + = and backslash a meaning."""
    return "".join("\\" + c if c in "/+=\\" else c for c in text)


class Pki:
    """Keys and certificates of one cluster, under DIR/pki; private keys are mode 0600."""

    def __init__(self, directory):
        self._dir = pathlib.Path(directory) / "pki"

    def create(self, server_names):
        """CA, serving certificate for server_names (["IP:…", "DNS:…"]), service account key."""
        self._dir.mkdir(parents=True, exist_ok=True)
        os.chmod(self._dir, 0o700)
        _openssl("req", "-x509", *self._new_key("ca"), "-out", self.path("ca.crt"),
                 "-days", DAYS, "-subj", "/CN=muster-test-ca",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("apiserver", "/CN=kube-apiserver", "serverAuth", server_names)
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-out", self.path("service-account.key"))
        _openssl("pkey", "-in", self.path("service-account.key"), "-pubout",
                 "-out", self.path("service-account.pub"))

    def issue(self, name, subject, usage, alternative_names=()):
        """Signs NAME.crt and NAME.key by the CA; usage is serverAuth or clientAuth."""
        extensions = ["-addext", f"extendedKeyUsage={usage}",
                      "-addext", "basicConstraints=critical,CA:FALSE"]
        if alternative_names:
            extensions += ["-addext", "subjectAltName=" + ",".join(alternative_names)]
        _openssl("req", "-x509", *self._new_key(name), "-out", self.path(f"{name}.crt"),
                 "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"),
                 "-days", DAYS, "-subj", subject, *extensions)

    def kubeconfig(self, server, user, groups, path):
        """Writes a self-contained kubeconfig with a new client certificate for user."""
        name = "client-" + "".join(c if c.isalnum() or c in "-_." else "-" for c in user)
        subject = "".join(f"/O={_escape(g)}" for g in groups) + f"/CN={_escape(user)}"
        self.issue(name, subject, "clientAuth")
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "muster-test",
            "clusters": [{"name": "muster-test", "cluster": {
                "server": server, "certificate-authority-data": self._base64("ca.crt")}}],
            "users": [{"name": user, "user": {
                "client-certificate-data": self._base64(f"{name}.crt"),
                "client-key-data": self._base64(f"{name}.key")}}],
            "contexts": [{"name": "muster-test",
                          "context": {"cluster": "muster-test", "user": user}}],
        }
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yaml.safe_dump(document, out, sort_keys=False)
        return path

    def path(self, name):
        return str(self._dir / name)

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path(f"{name}.key")]

    def _base64(self, name):
        return base64.b64encode(pathlib.Path(self.path(name)).read_bytes()).decode()
