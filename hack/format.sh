#!/usr/bin/env bash
# clang-format over every C++ file of the tree.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
find src include operator tests benchmarks \( -name '*.h' -o -name '*.cc' \) -print0 2>/dev/null \
  | xargs -0 -r clang-format -i
