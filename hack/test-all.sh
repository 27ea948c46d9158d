#!/usr/bin/env bash
# hack/test-all.py with the PATH and cache of hack/env.sh.
set -euo pipefail
. "$(dirname "$0")/env.sh"
exec python3 "$MUSTER_ROOT/hack/test-all.py" "$@" </dev/null
