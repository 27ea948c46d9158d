"""Container images without a registry: a docker-archive of one layer, written with tarfile.

The images of the real nodes hold one static busybox under all its names: `busybox` for test pods
and `pause`, which holds a pod's namespaces.
"""

import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

from .errors import ClusterError

BUSYBOX = pathlib.Path("/usr/bin/busybox")
TEST_IMAGE = "localhost/muster-test/busybox:1"
PAUSE_IMAGE = "localhost/muster-test/pause:1"


def _add(archive, name, data=b"", kind=tarfile.REGTYPE, mode=0o644, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), target
    archive.addfile(entry, io.BytesIO(data))


def _tar(write):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        write(archive)
    return buffer.getvalue()


def busybox_layer():
    """A root file system of one static busybox under all its names, as tar bytes."""
    try:
        done = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
        program = BUSYBOX.read_bytes()
    except (OSError, subprocess.CalledProcessError) as error:
        raise ClusterError("no busybox; apt-get install busybox-static") from error

    def write(archive):
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("tmp", 0o1777)):
            _add(archive, folder, kind=tarfile.DIRTYPE, mode=mode)
        _add(archive, "bin/busybox", program, mode=0o755)
        for applet in done.stdout.split():
            if applet != "busybox":
                _add(archive, f"bin/{applet}", kind=tarfile.SYMTYPE, target="busybox", mode=0o777)
        _add(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                                    b"nobody:x:65534:65534:nobody:/:/bin/false\n")
        _add(archive, "etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    return _tar(write)


def write_archive(path, tags, layer, command):
    """A docker-archive at path: tags (repository:tag), one layer (tar bytes), its command."""
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": command, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": tags,
                            "Layers": [f"{digest}/layer.tar"]}]).encode()

    def write(archive):
        _add(archive, config_name, config)
        _add(archive, f"{digest}/layer.tar", layer)
        _add(archive, "manifest.json", manifest)
    pathlib.Path(path).write_bytes(_tar(write))


def write_test_images(directory):
    """busybox.tar and pause.tar in directory; their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    layer = busybox_layer()
    write_archive(directory / "busybox.tar", [TEST_IMAGE], layer, ["sh"])
    write_archive(directory / "pause.tar", [PAUSE_IMAGE], layer, ["sleep", "2147483647"])
    return [directory / "busybox.tar", directory / "pause.tar"]
