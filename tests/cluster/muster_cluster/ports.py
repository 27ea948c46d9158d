"""Free loopback ports below the ephemeral range.

Ports the kernel hands out for outgoing connections are avoided, because a stopped API server must
find its port free when it starts again. Between probe and use another process may still take a
port; whoever starts a server therefore retries with other ports (control_plane.py).
"""

import random
import socket

from .errors import ClusterError

FIRST, LAST = 20000, 32000


def pick(count):
    """`count` different ports that nobody listens on now."""
    chosen = []
    for _ in range(1000):
        port = random.randrange(FIRST, LAST)
        if port not in chosen and is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise ClusterError(f"no free loopback port between {FIRST} and {LAST}")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
