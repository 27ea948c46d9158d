#!/usr/bin/env bash
# Removes what the tree built.  Refuses while a cluster or operator of this tree runs.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
if [ -e .muster/demo/state.json ] || [ -e .muster/cluster/cluster.json ]; then
  echo "something of this tree still runs or left its state; \`make stop\` first" >&2
  exit 1
fi
rm -rf build .muster
