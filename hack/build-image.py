#!/usr/bin/env python3
"""Builds an OCI image from scratch: a program, the shared libraries it loads, CA certificates and a
user without rights.  No base image is pulled, and the same input gives the same bytes.

The archive is an OCI image layout and a docker-archive in one, so `docker load`, `podman load`,
`skopeo copy oci-archive:…` and `ctr -n k8s.io images import` all take it.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

USER = 65532
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
TEXTS = {
    "etc/passwd": f"nonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n",
    "etc/group": f"nonroot:x:{USER}:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def libraries(program):
    """What the dynamic linker would load, loader included, under the names it asks for."""
    done = subprocess.run(["ldd", str(program)], text=True, capture_output=True, check=False)
    output = done.stdout + done.stderr
    if "not a dynamic executable" in output or "statically linked" in output:
        return []
    if done.returncode or "not found" in output:
        sys.exit(f"ldd {program}: {output}")
    return sorted({pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", output)})


def notices(paths):
    """The copyright files of the Debian packages that these libraries came with."""
    names = {str(name) for path in paths
             for name in (path, path.resolve(), pathlib.Path("/usr" + str(path)))}
    done = subprocess.run(["dpkg-query", "-S", *sorted(names)], text=True, capture_output=True,
                          check=False)  # some of the names are nobody's
    packages = {line.split(":")[0] for line in done.stdout.splitlines()}
    found = (pathlib.Path("/usr/share/doc") / package / "copyright" for package in packages)
    return [path for path in found if path.exists()]


def stripped(program, scratch):
    """A copy without debug information."""
    copy = pathlib.Path(scratch) / program.name
    shutil.copyfile(program, copy)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
    return copy


def contents(program, copy):
    """Path in the image -> (bytes, mode)."""
    files = {name: (text.encode(), 0o644) for name, text in TEXTS.items()}
    files[f"usr/bin/{program.name}"] = (copy.read_bytes(), 0o755)
    loaded = libraries(program)
    for library in loaded:
        files[str(library).lstrip("/")] = (library.read_bytes(), 0o755)
    for notice in notices(loaded) if loaded and shutil.which("dpkg-query") else []:
        files[str(notice).lstrip("/")] = (notice.read_bytes(), 0o644)
    if CERTIFICATES.exists():
        files[str(CERTIFICATES).lstrip("/")] = (CERTIFICATES.read_bytes(), 0o644)
    return files


def entry(name, size, mode, kind=tarfile.REGTYPE, epoch=0):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.mtime = size, mode, kind, epoch
    return info


def tar(files, epoch, folders=True):
    """A tar of `files` with sorted names, root as owner and one time for all."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        parents = {str(parent) for name in files for parent in pathlib.PurePath(name).parents}
        for name in sorted(parents - {"."}) if folders else []:
            archive.addfile(entry(name, 0, 0o755, tarfile.DIRTYPE, epoch))
        for name in sorted(files):
            data, mode = files[name]
            archive.addfile(entry(name, len(data), mode, epoch=epoch), io.BytesIO(data))
    return buffer.getvalue()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def descriptor(kind, data, **more):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest(data)}",
            "size": len(data), **more}


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def configuration(program, layer, version, created):
    return compact({
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()), "os": "linux",
        "created": created,
        "config": {"User": f"{USER}:{USER}", "Entrypoint": [f"/usr/bin/{program.name}"],
                   "Env": ["PATH=/usr/bin", f"SSL_CERT_FILE={CERTIFICATES}"], "WorkingDir": "/",
                   "Labels": {"org.opencontainers.image.title": program.name,
                              "org.opencontainers.image.version": version,
                              "org.opencontainers.image.licenses": "Apache-2.0"}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest(layer)}"]},
        "history": [{"created": created, "created_by": "hack/build-image.py"}]})


def archive(program, layer, reference, epoch):
    """The image as one tar: OCI layout, and manifest.json for those who read docker-archives."""
    created = subprocess.run(["date", "-u", "-d", f"@{epoch}", "+%Y-%m-%dT%H:%M:%SZ"], text=True,
                             capture_output=True, check=True).stdout.strip()
    packed = gzip.compress(layer, mtime=0)
    config = configuration(program, layer, reference.rsplit(":", 1)[1], created)
    manifest = compact({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", config),
        "layers": [descriptor("layer.v1.tar+gzip", packed)]})
    names = {"org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1],
             "io.containerd.image.name": full_name(reference)}
    index = compact({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                     "manifests": [descriptor("manifest.v1+json", manifest, annotations=names)]})
    blobs = {f"blobs/sha256/{digest(blob)}": (blob, 0o644) for blob in (packed, config, manifest)}
    docker = compact([{"Config": f"blobs/sha256/{digest(config)}", "RepoTags": [reference],
                       "Layers": [f"blobs/sha256/{digest(packed)}"]}])
    return tar({**blobs, "index.json": (index, 0o644), "manifest.json": (docker, 0o644),
                "oci-layout": (compact({"imageLayoutVersion": "1.0.0"}), 0o644)}, epoch)


def full_name(reference):
    """The name a container runtime knows `reference` by."""
    first = reference.split("/")[0]
    if "/" in reference and ("." in first or ":" in first or first == "localhost"):
        return reference
    return f"docker.io/{reference if '/' in reference else 'library/' + reference}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the archive to write")
    parser.add_argument("--reference", default="muster-operator:0.1.0", help="NAME:TAG")
    args = parser.parse_args()
    if ":" not in args.reference:
        parser.error("--reference needs a tag")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    program = args.binary.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        files = contents(program, stripped(program, scratch))
    data = archive(program, tar(files, epoch), args.reference, epoch)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_bytes(data)
    print(f"{args.reference}: {args.output}, {len(data) / 2**20:.1f} MiB, {len(files)} files,"
          f" sha256 {digest(data)[:16]}")


if __name__ == "__main__":
    main()
