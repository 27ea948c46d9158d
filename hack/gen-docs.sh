#!/usr/bin/env bash
# Everything that is generated from something else: the chart's copies, and docs/reference.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
python3 hack/sync-chart.py
python3 hack/gen-docs.py
