#!/usr/bin/env python3
"""A TLS server that answers as the path asks, for transport_test.cc.  Prints its port, then serves until
its standard input ends.

/echo            200, a JSON object: method, body, content_type, authorization, host, client (CN), connection
/status/CODE     that status with a Status body; Retry-After: 7 for 429
/needs/TOKEN     401 unless the bearer token is TOKEN
/lines/N         200, chunked: N lines, the last without a newline, cut across chunks; then closed
/hang            no answer
/open            200, chunked: one line, then silence with the connection open
/close           reads the request, then closes the connection without an answer
/idle            200, then closes the connection although it promised to keep it
/log             200, the requests so far, "<connection number> <method> <path>" each
"""
import http.server
import json
import pathlib
import ssl
import sys
import threading

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "kubeconfig"
LOG = []
LOCK = threading.Lock()
RELEASE = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self):
        super().setup()
        with LOCK:
            Handler.connections += 1
            self.number = Handler.connections

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def start_chunks(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        path = self.path.split("?")[0]
        with LOCK:
            LOG.append(f"{self.number} {self.command} {self.path}")
        parts = path.strip("/").split("/")
        getattr(self, "do_" + parts[0])(body, *parts[1:])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def do_echo(self, body):
        subject = (self.connection.getpeercert() or {}).get("subject", ())
        client = dict(pair for part in subject for pair in part).get("commonName", "")
        self.answer(200, json.dumps({
            "method": self.command, "body": body, "host": self.headers.get("Host", ""),
            "content_type": self.headers.get("Content-Type", ""),
            "authorization": self.headers.get("Authorization", ""),
            "client": client, "connection": self.number}))

    def do_status(self, _body, code):
        headers = {"Retry_After": "7"} if code == "429" else {}
        self.answer(int(code), json.dumps({"kind": "Status", "message": "said so"}), **headers)

    def do_needs(self, _body, token):
        good = self.headers.get("Authorization") == "Bearer " + token
        self.answer(200 if good else 401, "{}")

    def do_lines(self, _body, count):
        self.start_chunks()
        text = "".join(f'{{"line":{i}}}\n' for i in range(int(count))) + '{"cut'
        for start in range(0, len(text), 7):
            self.chunk(text[start:start + 7])
        self.wfile.write(b"0\r\n\r\n")

    def do_hang(self, _body):
        RELEASE.wait()
        self.close_connection = True

    def do_open(self, _body):
        self.start_chunks()
        self.chunk('{"first":1}\n')
        RELEASE.wait()
        self.close_connection = True

    def do_close(self, _body):
        self.close_connection = True

    def do_idle(self, _body):
        self.answer(200, "{}")
        self.close_connection = True

    def do_log(self, _body):
        with LOCK:
            self.answer(200, "\n".join(LOG))


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "server.crt", DATA / "server.key")
    context.load_verify_locations(DATA / "ca.crt")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None
    # The handshake happens in the thread of the connection: do_handshake_on_connect would block accept.
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    RELEASE.set()


if __name__ == "__main__":
    main()
