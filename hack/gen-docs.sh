#!/usr/bin/env bash
# Everything that is generated from something else: the pages of docs/ about settings, metrics and
# fields, and the chart's copies.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
hack/build.sh release --target config_reference --target metrics_reference
page=$(mktemp)
trap 'rm -f "$page"' EXIT
for made in config_reference:docs/reference/config.md metrics_reference:docs/metrics.md; do
  "build/release/${made%%:*}" >"$page"
  cat "$page" >"${made#*:}"
done
python3 hack/sync-chart.py
python3 hack/gen-docs.py
