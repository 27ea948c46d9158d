"""A few lines of Kubernetes client: JSON over one TLS connection a thread, client certificate."""

import base64
import concurrent.futures
import http.client
import json
import select
import ssl
import tempfile
import threading
import time
import urllib.parse

import yaml

from .errors import ClusterError, TimedOut


class ApiError(ClusterError):
    """The API server refused; code is the HTTP status, reason the Status reason."""

    def __init__(self, code, status):
        super().__init__(status.get("message") or f"HTTP {code}")
        self.code = code
        self.reason = status.get("reason", "")


class Api:
    """Thread-safe: every thread has a connection of its own, opened again when it broke."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as text:
            document = yaml.safe_load(text)
        cluster = document["clusters"][0]["cluster"]
        user = document["users"][0]["user"]
        url = urllib.parse.urlsplit(cluster["server"])
        self._address = (url.hostname, url.port or 443)
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(base64.b64decode(user["client-certificate-data"]))
            pem.write(base64.b64decode(user["client-key-data"]))
            pem.flush()
            self._tls.load_cert_chain(pem.name)
        self._local = threading.local()
        self._open = []

    def __del__(self):
        for connection in self._open:
            connection.close()

    def request(self, verb, path, body=None, content_type="application/json", timeout=10):
        """The decoded answer; ApiError on a refusal, OSError when the server is not there."""
        payload = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        try:
            answer, text = self._exchange(verb, path, payload, headers, timeout)
        except (http.client.HTTPException, OSError) as error:
            self._forget()
            if isinstance(error, OSError):
                raise
            raise ConnectionError(str(error)) from error
        if answer.status >= 400:
            raise ApiError(answer.status, _status(text))
        kind = answer.getheader("Content-Type", "")
        return json.loads(text) if "json" in kind else text.decode()

    def get(self, path):
        return self.request("GET", path)

    def create(self, path, body):
        return self.request("POST", path, body)

    def delete(self, path, body=None):
        return self.request("DELETE", path, body)

    def patch(self, path, body, kind="merge"):
        """kind: merge, strategic-merge or json."""
        return self.request("PATCH", path, body, f"application/{kind}-patch+json")

    def create_all(self, path, objects, threads=8):
        """Creates all objects, several at a time; the first error is raised."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda body: self.create(path, body), objects):
                pass

    def ready(self):
        """True once /readyz says ok."""
        try:
            return self.request("GET", "/readyz", timeout=2) == "ok"
        except (ApiError, OSError):
            return False

    def _exchange(self, verb, path, payload, headers, timeout):
        reused = getattr(self._local, "connection", None) is not None
        connection = self._connection(timeout)
        try:
            connection.request(verb, path, payload, headers)
        except OSError:
            if not reused:
                raise
            self._forget()  # closed long ago: the request never left
            return self._exchange(verb, path, payload, headers, timeout)
        try:
            answer = connection.getresponse()
            return answer, answer.read()
        except (http.client.RemoteDisconnected, ConnectionError):
            if verb != "GET" or not reused:
                raise
            self._forget()  # the server closed an idle connection, or was restarted
            return self._exchange(verb, path, payload, headers, timeout)

    def _forget(self):
        connection, self._local.connection = getattr(self._local, "connection", None), None
        if connection is not None:
            connection.close()

    def _connection(self, timeout):
        connection = getattr(self._local, "connection", None)
        if connection is not None and _was_closed(connection):
            self._forget()
            connection = None
        if connection is None:
            host, port = self._address
            connection = http.client.HTTPSConnection(host, port, timeout=timeout,
                                                     context=self._tls)
            self._local.connection = connection
            self._open.append(connection)
        connection.timeout = timeout  # of this request, not of the one that opened it
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection


def _was_closed(connection):
    """An idle connection with something to read has been closed: by the server, after 90 s."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _status(text):
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    return status if isinstance(status, dict) else {"message": text.decode(errors="replace")}


def wait_for(what, condition, deadline=60.0, interval=0.05):
    """Polls condition until it returns something true; ClusterError names what was awaited."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimedOut(f"timed out after {deadline:.0f} s waiting for {what}")
        time.sleep(interval)
