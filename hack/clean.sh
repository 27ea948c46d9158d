#!/usr/bin/env bash
# Removes what the tree built.  Refuses while a cluster or operator of this tree runs.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
for state in .muster/demo/state.json .muster/*/cluster.json; do
  if [ -e "$state" ]; then
    echo "something of this tree still runs or left its state ($state);" \
      "\`make stop\` first" >&2
    exit 1
  fi
done
rm -rf build .muster
