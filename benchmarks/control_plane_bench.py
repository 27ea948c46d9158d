#!/usr/bin/env python3
"""The figures of the operator on a real control plane, each beside a floor measured in the same run.

  benchmarks/control_plane_bench.py --output FILE [--scale F] [--only NAME …]

etcd, kube-apiserver, kube-controller-manager and 100 simulated nodes × 32 CPU × 8 GPUs are started
for it (tests/cluster).  Everything but memory and the duration of cycles is read from the API
server's audit log.  --scale 0.02 shows in half a minute that it works; its figures mean nothing.

  starts    pods started per second, for three shapes
  life      jobs per second from create to Succeeded; writes per job; writes while idle
  latency   job create to pod create, idle and at half load
  handover  after SIGTERM and after kill -9
  size      memory and cycles with 1,000 nodes, 10,000 pods and 20,000 jobs
"""

import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from control_plane import handover, latency, life, report, size, starts  # noqa: E402
from control_plane.house import FLOOR_CLIENT, BenchError, House, harness  # noqa: E402

NAMES = ("starts", "life", "latency", "handover", "size")
NODES = 100
QUIET_LOAD = 3.0


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="JSON file to write")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of every size")
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--jobs-per-second", type=float, default=100.0,
                        help="full load for latency when life is not measured (default %(default)s)")
    return parser.parse_args(argv)


def guarded(told, name, run, *arguments):
    """One benchmark that fails does not take the others with it."""
    print(name, flush=True)
    try:
        return run(*arguments)
    except (BenchError, AssertionError, OSError, ValueError) as error:
        told.fail(name, str(error))
        return None


def on_hundred_nodes(args, told, wanted):
    house = House(max(8, round(NODES * min(1, args.scale * 4))))
    try:
        house.claim()
        if "starts" in wanted:
            guarded(told, "starts", starts.run, house, told, args.scale)
        rate = args.jobs_per_second
        if "life" in wanted:
            rate = guarded(told, "life", life.run, house, told, args.scale) or rate
        if "latency" in wanted:
            guarded(told, "latency", latency.run, house, told, args.scale, rate)
        if "handover" in wanted:
            guarded(told, "handover", handover.run, house, told, args.scale)
    finally:
        house.close()


def main(argv):
    args = parse(argv)
    wanted = args.only or NAMES
    for path in (harness.program(), FLOOR_CLIENT):
        if not os.access(path, os.X_OK):
            print(f"{path} is not built: `make build`", file=sys.stderr)
            return 2
    told = report.Report(args.scale)
    if told.load_before[0] > QUIET_LOAD:
        print(f"the machine is busy (load average {told.load_before[0]:.1f}): "
              "these figures say little", flush=True)
    if set(wanted) & set(NAMES[:4]):
        on_hundred_nodes(args, told, wanted)
    if "size" in wanted:
        guarded(told, "size", size.run, told, args.scale)
    print("\n" + told.text(), flush=True)
    told.write(args.output)
    return 1 if told.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
