"""Who wrote what, by the API server's own audit log."""

import json

READS = ("get", "list", "watch")
BEGIN = b'{"kind":"Event","apiVersion":"audit.k8s.io/v1"'


def events_of(line):
    """The events of one line of the log.  An API server that is killed may leave half an event, and
    the one that comes after it goes on in that line: only what it begins with may be torn."""
    head, *events = line.split(BEGIN)
    if head or not events:
        raise ValueError(f"no audit event: {line[:200]!r}")
    for event in events[:-1]:
        try:
            yield json.loads(BEGIN + event)
        except json.JSONDecodeError:
            continue
    yield json.loads(BEGIN + events[-1])


def read(log):
    """(bytes, events) of each line of a log that may still be written."""
    for line in log:
        if not line.endswith(b"\n"):
            break
        yield len(line), events_of(line)


class Write:
    """One finished write: user, verb, resource ("jobs/status"), namespace, name, code, bodies."""

    def __init__(self, event):
        ref = event.get("objectRef", {})
        self.user = event["user"]["username"]
        self.verb = event["verb"]
        self.resource = "/".join(filter(None, (ref.get("resource"), ref.get("subresource"))))
        self.group = ref.get("apiGroup", "")
        self.namespace = ref.get("namespace", "")
        self.name = ref.get("name", "")
        self.code = event.get("responseStatus", {}).get("code", 0)
        self.at = event["stageTimestamp"]
        self.request = event.get("requestObject")
        self.response = event.get("responseObject")
        self.dry = "dryRun=" in event["requestURI"]

    def __repr__(self):
        return f"{self.at[11:23]} {self.verb} {self.resource} {self.name} -> {self.code}"


class AuditLog:
    """Reads the file from where it stopped the last time; not thread-safe."""

    def __init__(self, path):
        self._path = path
        self._offset = 0
        self._writes = []

    def writes(self):
        """Every finished write since the cluster began; dry runs have `dry`."""
        with open(self._path, "rb") as log:
            log.seek(self._offset)
            for size, events in read(log):
                self._offset += size
                self._writes += [Write(event) for event in events
                                 if event["stage"] == "ResponseComplete"
                                 and event["verb"] not in READS]
        return self._writes


def by_operator(write):
    return write.user.startswith("system:muster:operator")
