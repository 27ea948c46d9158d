#!/usr/bin/env bash
# The figures: in-process micro-benchmarks, then every benchmarks/*_bench.py on a real control plane.
# Each prints a table; JSON goes to build/bench/.  Arguments are passed to the Python ones.  One that
# fails does not keep the others from running.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
mkdir -p build/bench
programs=$(find benchmarks -maxdepth 1 -name '*_bench.cc' -printf '%f\n' | sed 's/[.]cc$//' | sort)
# shellcheck disable=SC2086  # names without spaces
hack/build.sh release --target muster-operator floor_client $programs
found=0
code=0
for program in $programs; do
  found=1
  "build/release/$program" --benchmark_out="build/bench/$program.json" \
    --benchmark_out_format=json || code=1
done
for script in benchmarks/*_bench.py; do
  [ -e "$script" ] || continue
  found=1
  python3 "$script" --output "build/bench/$(basename "$script" .py).json" "$@" || code=1
done
[ "$found" = 1 ] || { echo "there is no benchmark in benchmarks/" >&2; exit 1; }
exit "$code"
