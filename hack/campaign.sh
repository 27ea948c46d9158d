#!/usr/bin/env bash
# What is longer than the gate: MUSTER_CAMPAIGN=1 makes unit tests and end-to-end files run all of
# their seeds, worlds and kills, without time limits; then the benchmarks, whatever the tests said.
set -euo pipefail
. "$(dirname "$0")/env.sh"
export MUSTER_CAMPAIGN=1
code=0
"$MUSTER_ROOT/hack/install-deps.sh" build check real
"$MUSTER_ROOT/hack/test-all.sh" release unit tools e2e leftovers || code=$?
"$MUSTER_ROOT/hack/bench.sh" || code=$?
exit "$code"
