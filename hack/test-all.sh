#!/usr/bin/env bash
# hack/test-all.py with the PATH and cache of hack/env.sh.  All stages: what is missing is installed
# first, python3 among it.
set -euo pipefail
hack=$(cd "$(dirname "$0")" && pwd)
if [ $# -eq 0 ]; then
  "$hack/install-deps.sh" build check real </dev/null || { echo "0 passed, 1 failed"; exit 1; }
  export MUSTER_INSTALL_SECONDS=$((${MUSTER_INSTALL_SECONDS:-0} + SECONDS))
fi
. "$hack/env.sh"
exec python3 "$MUSTER_ROOT/hack/test-all.py" "$@" </dev/null
