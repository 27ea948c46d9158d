"""The audit log as lean records: who asked what, when it came in and when it was answered."""

import collections
import datetime
import json

from audit_log import READS, by_operator

Event = collections.namedtuple(
    "Event", "user verb resource namespace name code dry begin end")


def seconds(stamp):
    """Unix seconds of "2026-03-01T10:00:00.123456Z"."""
    return datetime.datetime.fromisoformat(stamp).timestamp()


def parse(line):
    """An Event, or None for what is not the end of a request."""
    raw = json.loads(line)
    if raw["stage"] != "ResponseComplete":
        return None
    ref = raw.get("objectRef", {})
    resource = ref.get("resource", "")
    if ref.get("subresource"):
        resource += "/" + ref["subresource"]
    return Event(raw["user"]["username"], raw["verb"], resource, ref.get("namespace", ""),
                 ref.get("name", ""), raw.get("responseStatus", {}).get("code", 0),
                 "dryRun=" in raw["requestURI"], seconds(raw["requestReceivedTimestamp"]),
                 seconds(raw["stageTimestamp"]))


class Audit:
    """mark() says where the log stands now; since(mark) reads what was added.  One thread."""

    def __init__(self, path):
        self._path = path

    def mark(self):
        return self._path.stat().st_size if self._path.exists() else 0

    def since(self, mark):
        """Finished requests from `mark` on, in the order of their answers."""
        with open(self._path, "rb") as log:
            log.seek(mark)
            events = [parse(line) for line in log if line.endswith(b"\n")]
        return sorted(filter(None, events), key=lambda event: event.end)


def is_write(event):
    return event.verb not in READS


def pod_creates(events, namespace):
    """Pods that were really made by an operator's user, the bare client's included."""
    return [e for e in events if e.resource == "pods" and e.verb == "create" and not e.dry
            and e.code == 201 and by_operator(e) and e.namespace == namespace]


def span(events):
    """From the first that came in to the last that was answered."""
    return max(e.end for e in events) - min(e.begin for e in events)


def kinds_of(events):
    """All of them in a line."""
    counts = collections.Counter(map(kind_of, events))
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing"


def kind_of(event):
    """How the table of writes calls it."""
    refused = f" ({event.code})" if event.code >= 400 else ""
    return ("dry run: " if event.dry else "") + f"{event.verb} {event.resource}{refused}"
