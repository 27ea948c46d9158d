#!/usr/bin/env python3
"""No file of the product longer than 400 lines, no header with more than 12 includes, no
test that sleeps, no NOLINT without a reason."""
import pathlib
import re
import sys

MAX_LINES = 400
MAX_INCLUDES = 12
DIRS = ("src", "include", "operator", "tests", "benchmarks", "hack")


def problems(rel, text):
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield f"{rel}: {len(lines)} lines, at most {MAX_LINES}"
    if rel.endswith(".h") and sum(line.startswith("#include") for line in lines) > MAX_INCLUDES:
        yield f"{rel}: more than {MAX_INCLUDES} includes"
    for number, line in enumerate(lines, 1):
        if re.search(r"sleep_for|usleep\(|GTEST_SKIP|\bDISABLED_", line):
            yield f"{rel}:{number}: sleeps and skipped tests are not allowed: {line.strip()}"
        if re.search(r"NOLINT(?!\w*\([\w.,-]+\): \w)", line):
            yield f"{rel}:{number}: NOLINT needs its check and a reason"


def main(root):
    bad = []
    files = [p for d in DIRS for p in (root / d).rglob("*") if p.suffix in (".h", ".cc", ".py")
             and "__pycache__" not in p.parts and "lint" not in p.parts]
    for path in sorted(files):
        bad += problems(path.relative_to(root).as_posix(), path.read_text())
    print("\n".join(bad) if bad else f"sizes ok: {len(files)} files")
    return bool(bad) or not files


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
