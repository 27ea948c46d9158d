#!/usr/bin/env bash
# Configures and builds one CMake preset, quietly when nothing changed.
set -euo pipefail
. "$(dirname "$0")/env.sh"
preset=${1:-release}
cd "$MUSTER_ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --preset "$preset" >"$log" 2>&1 || { cat "$log"; exit 1; }
cmake --build --preset "$preset" "${@:2}"
