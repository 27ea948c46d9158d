"""First process of a real node: prepares its mounts, then reaps orphans until SIGTERM.

usage: python3 node_init.py NAME DIRECTORY

Runs as pid 1 of fresh mount, network, UTS and pid namespaces. Everything it mounts is private, so
the host sees none of it, and when it ends the kernel ends every process of the node.
DIRECTORY/ready appears when the mounts stand.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys

# The kubelet writes these for the whole machine. Ordinary files with the values it wants stand
# over them, so that it finds them right and the host keeps its own.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10",
    "kernel/panic_on_oops": "1", "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def prepare(directory):
    for target in ("/run", "/var/log"):
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", target)
    for name in ("upper", "work"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    mount("-t", "overlay", "-o",
          f"lowerdir=/var/lib,upperdir={directory}/upper,workdir={directory}/work",
          "overlay", "/var/lib")
    settings = pathlib.Path("/run/muster-kernel-settings")
    for name, value in KERNEL_SETTINGS.items():
        stand_in = settings / name
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(value + "\n")
        mount("--bind", stand_in, f"/proc/sys/{name}")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    socket.sethostname(name)
    prepare(directory)
    (directory / "ready").touch()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigtimedwait([signal.SIGCHLD], 1)


if __name__ == "__main__":
    main()
