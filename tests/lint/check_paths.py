#!/usr/bin/env python3
"""No tracked file names a place that exists on one machine only: home folders, work folders."""
import pathlib
import re
import subprocess
import sys

# Written in pieces, so that this file does not find itself.
PLACES = re.compile("(?<![\\w.$}~-])/(?:" + "|".join(
    ["work", "farm", "ro" + "ot", "home/[a-z]", "Users/[A-Za-z]"]) + ")/")


def main(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    bad = []
    names = [name for name in listed.stdout.decode().split("\0") if name]
    for name in names:
        path = root / name
        if not path.is_file() or name.endswith("go.sum"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if PLACES.search(line):
                bad.append(f"{name}:{number}: a path of one machine: {line.strip()[:100]}")
    print("\n".join(bad) if bad else f"paths ok: {len(names)} files")
    return bool(bad) or not names


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
