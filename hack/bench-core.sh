#!/usr/bin/env bash
# The core on real traces, beside references: a table, and build/bench/core.json.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
hack/build.sh release --target bench_core
mkdir -p build/bench
build/release/bench_core benchmarks/traces build/bench/core.json
