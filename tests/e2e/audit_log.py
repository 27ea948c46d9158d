"""Who wrote what, by the API server's own audit log."""

import json

READS = ("get", "list", "watch")


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
            for line in log:
                if not line.endswith(b"\n"):
                    break  # being written
                self._offset += len(line)
                event = json.loads(line)
                if event["stage"] == "ResponseComplete" and event["verb"] not in READS:
                    self._writes.append(Write(event))
        return self._writes


def by_operator(write):
    return write.user.startswith("system:muster:operator")
