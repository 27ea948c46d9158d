#!/usr/bin/env python3
"""The architecture, checked.  DEPS in src/*/sources.cmake is the only statement of who may see whom.

A file of library L may include muster/L/... and muster/D/... for D in L's DEPS, nothing else.
Heavy third-party headers may be included only by the files named in GATE.
The pure core (src/sched, include/muster/sched) may not touch time, chance, threads or the outside.
"""
import pathlib
import re
import sys

GATE = {
    "cpprest/": r"src/\w+/\w+_cpprest\.cc",
    "boost/": r"src/\w+/\w+_cpprest\.cc",
    "boost/container/": r"include/muster/api/meta\.h",
    "pplx/": r"src/\w+/\w+_cpprest\.cc",
    "spdlog/": r"src/base/log_spdlog\.cc",
    "prometheus/": r"src/telemetry/\w+_prometheus\.cc",
    "yaml-cpp/": r"src/\w+/\w+_yaml\.cc",
    "openssl/": r"src/kube/tls\w*\.cc|src/kube/\w+_cpprest\.cc",
    "nlohmann/": r"src/\w+/\w+_json\.(cc|h)|tests/.*|benchmarks/.*",
    "ranges": r"",  # clang 14 cannot parse libstdc++ 12's views: clang-tidy would go blind
    "regex": r"",   # 0.39 s a file
    "zlib.h": r"src/sim/\w+_zlib\.cc|tests/sim/.*",
    "CLI/": r"src/sim/\w+_cli\.cc",
    "iostream": r"operator/main\.cc|src/sim/\w+_cli\.cc",
}
IMPURE = re.compile(
    r"_clock\b|\brand\(|random_device|mt19937|std::(mutex|thread|jthread|atomic)|getenv"
    r"|std::c(out|err)|unordered_(map|set)|\b(double|float)\b|SystemClock|muster/base/log\.h")


def read_deps(root):
    deps = {}
    for path in root.glob("src/*/sources.cmake"):
        for name, args in re.findall(r"^muster_library\((\w+)([^)]*)\)", path.read_text(), re.M):
            found = re.search(r"\bDEPS((?:\s+[a-z_]+)+)", args)
            deps[name] = set(found.group(1).split()) if found else set()
    return deps


def check_line(rel, lib, deps, number, line):
    inc = re.match(r'\s*#include [<"]([^>"]+)[>"]', line)
    if not inc:
        if lib == "sched" and IMPURE.search(line.split("//")[0]):
            yield f"{rel}:{number}: impure: {line.strip()}"
        return
    header = inc.group(1)
    hits = [prefix for prefix in GATE
            if (header.startswith(prefix) if "/" in prefix else header == prefix)]
    if hits:
        if not re.fullmatch(GATE[max(hits, key=len)], rel):  # the most exact one counts
            yield f"{rel}:{number}: <{header}> is behind a gate"
    if lib == "sched" and IMPURE.search(line):
        yield f"{rel}:{number}: impure: {line.strip()}"
    dep = re.match(r"muster/(\w+)/", header)
    if lib and dep and dep.group(1) not in deps.get(lib, set()) | {lib}:
        yield f"{rel}:{number}: {lib} may not see {dep.group(1)}"


def main(root):
    deps = read_deps(root)
    bad = []
    files = [p for d in ("src", "include", "operator", "tests", "benchmarks")
             for p in (root / d).rglob("*") if p.suffix in (".h", ".cc")]
    for path in sorted(files):
        rel = path.relative_to(root).as_posix()
        found = re.match(r"(?:include/muster|src)/(\w+)/", rel)
        lib = found.group(1) if found else None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            bad += check_line(rel, lib, deps, number, line)
    print("\n".join(bad) if bad else f"layers ok: {len(deps)} libraries, {len(files)} files")
    return bool(bad) or not files


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
