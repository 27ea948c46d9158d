"""A proxy between one operator replica and the API server that can end the replica at an exact write,
or answer as a server does that has too much to do (`busy`).

The replica speaks TLS to a loopback port with a certificate made on the spot; the proxy forwards with
the replica's own client certificate.  A Trap names a write by method and path and one of three moments
(one Trap may lie on several proxies: whoever sends the write first is caught):
  before    the write never reaches the API server
  after     the API server has carried it out, the replica never learns
  answered  the replica has its answer, and dies before it can act on it
"""

import base64
import http.client
import http.server
import json
import re
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

import yaml

MOMENTS = ("before", "after", "answered")
HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Trap:
    """Springs once, at the `nth` write that matches: calls `spring` with the proxy it came through.
    What matches after that one, and comes the same way, never arrives: its sender is as good as dead."""

    def __init__(self, method, path, moment, spring, nth=1, body=""):
        self.method, self.path, self.moment, self.body = method, re.compile(path), moment, body
        self._spring, self._left = spring, nth
        self._proxy = None  # through which the nth came
        self.sprung = threading.Event()
        self._lock = threading.Lock()

    def _matches(self, method, path, body):
        if method != self.method or not self.path.search(path) or "dryRun" in path:
            return False
        return not self.body or self.body in (body or b"").decode(errors="replace")

    def look(self, proxy, method, path, body):
        """The moment at which to spring, "late", or "" for what is none of its business."""
        if not self._matches(method, path, body):
            return ""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._proxy = proxy
                return self.moment
            return "late" if self._proxy is proxy else ""

    def spring(self, proxy):
        self._spring(proxy)
        self.sprung.set()


class FaultProxy:
    """Serves until close(); `trap` may be set at any time."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as text:
            self._document = yaml.safe_load(text)
        cluster = self._document["clusters"][0]["cluster"]
        user = self._document["users"][0]["user"]
        url = urllib.parse.urlsplit(cluster["server"])
        self.upstream = (url.hostname, url.port)
        self.tls = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(base64.b64decode(user["client-certificate-data"]))
            pem.write(base64.b64decode(user["client-key-data"]))
            pem.flush()
            self.tls.load_cert_chain(pem.name)
        self.trap = None
        self.busy = False  # every request but those of the Lease is answered 429
        self.turned_away = 0
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._certificate = self._serve_tls()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _serve_tls(self):
        """Wraps the server's socket; returns the certificate that the replica is to trust."""
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=proxy",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                check=True, capture_output=True, stdin=subprocess.DEVNULL)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            with open(certificate, "rb") as pem:
                text = pem.read()
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False)
        return text

    def write_kubeconfig(self, path):
        """A kubeconfig that leads through the proxy."""
        document = json.loads(json.dumps(self._document))
        document["clusters"][0]["cluster"] = {
            "server": f"https://127.0.0.1:{self._server.server_address[1]}",
            "certificate-authority-data": base64.b64encode(self._certificate).decode()}
        document["users"][0]["user"] = {}
        path.write_text(yaml.safe_dump(document))
        return path

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None
    upstream = None

    def log_message(self, *_):
        pass

    def finish(self):
        if self.upstream:
            self.upstream.close()
        super().finish()

    def _forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        if self.owner.busy and "/leases" not in self.path:
            self._turn_away()
            return
        trap = self.owner.trap
        moment = trap.look(self.owner, self.command, self.path, body) if trap else ""
        if moment in ("before", "late"):
            if moment == "before":
                trap.spring(self.owner)
            self.close_connection = True
            return
        try:
            answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        if moment == "after":
            answer.read()
            trap.spring(self.owner)
            self.close_connection = True
            return
        try:
            self._reply(answer)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # the replica is gone
            if self.upstream:
                self.upstream.close()
        if moment == "answered":
            trap.spring(self.owner)

    def _turn_away(self):
        """As priority and fairness does it: leases have a priority level of their own."""
        self.owner.turned_away += 1
        text = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 429,
                           "reason": "TooManyRequests", "details": {"retryAfterSeconds": 1},
                           "message": "too many requests, please try again later"}).encode()
        self.send_response(429)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _ask(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        streaming = "watch=" in self.path
        if streaming or self.upstream is None:
            if self.upstream:
                self.upstream.close()
            self.upstream = http.client.HTTPSConnection(
                *self.owner.upstream, context=self.owner.tls, timeout=600 if streaming else 30)
        try:
            self.upstream.request(self.command, self.path, body, headers)
            return self.upstream.getresponse()
        except (OSError, http.client.HTTPException):
            self.upstream.close()
            self.upstream = None
            raise

    def _reply(self, answer):
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP:
                self.send_header(key, value)
        if "watch=" in self.path and answer.status == 200:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while line := answer.readline():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            return
        text = answer.read()
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward
