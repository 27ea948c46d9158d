"""Makes the API server inside a network namespace reachable on the host's loopback.

usage: python3 proxy.py LISTEN_PORT NAMESPACE_FILE TARGET_PORT

A socket keeps the namespace it was opened in: the listening one is opened here, then the process
enters the other namespace and opens connections to 127.0.0.1:TARGET_PORT there.
"""

import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
CHUNK = 1 << 16


async def _copy(reader, writer):
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def _serve(listener, target_port):
    async def on_client(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        writer.close()
        far_writer.close()

    server = await asyncio.start_server(on_client, sock=listener)
    await server.serve_forever()


def _enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(descriptor)


def main():
    port, namespace, target_port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    _enter(namespace)
    asyncio.run(_serve(listener, target_port))


if __name__ == "__main__":
    main()
