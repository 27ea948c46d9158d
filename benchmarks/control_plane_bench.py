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
import signal
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from control_plane import handover, latency, life, report, size, starts  # noqa: E402
from control_plane.house import FLOOR_CLIENT, OPERATOR, House  # noqa: E402

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
    """One benchmark that fails, whatever it fails with, does not take the others with it."""
    print(name, flush=True)
    try:
        return run(*arguments)
    except Exception as error:
        traceback.print_exc()
        told.fail(name, f"{type(error).__name__}: {error}")
        return None


def on_hundred_nodes(args, told, wanted):
    """Raises where there is no cluster, or none that the next benchmark could use."""
    house = House(max(8, round(NODES * min(1, args.scale * 4))))

    def measure(name, run, *more):
        answer = guarded(told, name, run, house, told, args.scale, *more) if name in wanted else None
        if name in told.failed:
            house.reset()
        return answer
    try:
        measure("starts", starts.run)
        rate = measure("life", life.run) or args.jobs_per_second
        measure("latency", latency.run, rate)
        measure("handover", handover.run)
    finally:
        house.close()


def not_built():
    """Names of the programs that are not there."""
    return [path.name for path in (OPERATOR, FLOOR_CLIENT) if not os.access(path, os.X_OK)]


def stop(number, _frame):
    """In order, for the cluster ends too; whoever asks twice does not disturb that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main(argv):
    args = parse(argv)
    wanted = args.only or NAMES
    if not_built():
        print(f"not built: hack/build.sh release --target {' '.join(not_built())}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, stop)
    told = report.Report(args.scale)
    if told.load_before[0] > QUIET_LOAD:
        print(f"the machine is busy (load average {told.load_before[0]:.1f}): "
              "these figures say little", flush=True)
    try:
        if set(wanted) & set(NAMES[:4]):
            guarded(told, "cluster", on_hundred_nodes, args, told, wanted)
        if "size" in wanted:
            guarded(told, "size", size.run, told, args.scale)
    finally:
        told.write(args.output)
        print("\n" + told.text(), flush=True)
    return 1 if told.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
