#!/usr/bin/env bash
# What is longer than the gate: end-to-end files see MUSTER_CAMPAIGN=1 and run all of their seeds,
# kills and fuzzing, without time limits; then the benchmarks.
set -euo pipefail
. "$(dirname "$0")/env.sh"
export MUSTER_CAMPAIGN=1
"$MUSTER_ROOT/hack/install-deps.sh" build check real
"$MUSTER_ROOT/hack/test-all.sh" release tools e2e leftovers
exec "$MUSTER_ROOT/hack/bench.sh"
