#!/usr/bin/env python3
"""The image of `make image`: complete, without rights, and the same bytes every time."""

import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATOR = ROOT / "build" / "release" / "muster-operator"
LIMIT_SECONDS = 120


def build(output):
    subprocess.run([sys.executable, str(ROOT / "hack" / "build-image.py"), "--binary",
                    str(OPERATOR), "--output", str(output), "--reference", "muster-operator:test"],
                   check=True, capture_output=True)


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="muster-image-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.path = cls.folder / "image.tar"
        build(cls.path)
        cls.archive = tarfile.open(cls.path)
        cls.addClassCleanup(cls.archive.close)
        cls.manifest = cls.read("manifest.json")[0]

    @classmethod
    def read(cls, name):
        return json.load(cls.archive.extractfile(name))

    def layer(self):
        return tarfile.open(fileobj=self.archive.extractfile(self.manifest["Layers"][0]))

    def test_the_same_input_gives_the_same_bytes(self):
        again = self.folder / "again.tar"
        build(again)
        self.assertEqual(self.path.read_bytes(), again.read_bytes())

    def test_docker_archive_and_oci_layout_name_the_same_blobs(self):
        index = self.read("index.json")
        digest = index["manifests"][0]["digest"].replace(":", "/")
        oci = self.read(f"blobs/{digest}")
        self.assertEqual(f"blobs/{oci['config']['digest'].replace(':', '/')}",
                         self.manifest["Config"])
        self.assertEqual(self.read("oci-layout"), {"imageLayoutVersion": "1.0.0"})

    def test_it_starts_the_operator_as_a_user_without_rights(self):
        config = self.read(self.manifest["Config"])["config"]
        self.assertEqual(config["Entrypoint"], ["/usr/bin/muster-operator"])
        self.assertEqual(config["User"], "65532:65532")

    def test_it_holds_no_shell(self):
        names = {pathlib.PurePath(name).name for name in self.layer().getnames()}
        self.assertFalse(names & {"sh", "bash", "dash", "busybox"})
        self.assertIn("ca-certificates.crt", names)

    def test_the_operator_runs_with_nothing_but_the_image(self):
        root = self.folder / "root"
        with self.layer() as layer:
            layer.extractall(root, filter="tar")
        done = subprocess.run(["chroot", "--userspec=65532:65532", str(root),
                               "/usr/bin/muster-operator", "--version"], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("muster-operator", done.stdout)


if __name__ == "__main__":
    unittest.main()
