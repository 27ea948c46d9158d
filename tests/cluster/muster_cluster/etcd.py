"""Trouble at etcd, through the JSON gateway of its client port."""

import json
import urllib.request

from .errors import ClusterError


class Etcd:
    """The etcd of one cluster; every method raises ClusterError when etcd refuses."""

    def __init__(self, port):
        self._base = f"http://127.0.0.1:{port}/v3/"

    def compact(self):
        """Forgets all history up to now.

        The API server still serves it from its watch cache; restarted after this, it answers
        410 Gone to an older watch or list.
        """
        revision = int(self._call("kv/range", {"key": "AA==", "limit": 1})["header"]["revision"])
        self._call("kv/compaction", {"revision": revision, "physical": True})
        return revision

    def full(self):
        """From now on etcd refuses every write, as it does when its quota is used up."""
        self._call("maintenance/alarm", {"action": "ACTIVATE", "memberID": self._member(),
                                         "alarm": "NOSPACE"})

    def space(self):
        """Takes the alarm back."""
        self._call("maintenance/alarm", {"action": "DEACTIVATE", "memberID": self._member(),
                                         "alarm": "NOSPACE"})

    def _member(self):
        return self._call("cluster/member/list", {})["members"][0]["ID"]

    def _call(self, path, body):
        request = urllib.request.Request(self._base + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except OSError as error:
            raise ClusterError(f"etcd {path}: {error}") from error
