# Sourced by the scripts of hack/: the repository's root, the cache, and a PATH that finds Go and a
# python3 with the modules we use.  Debian's python3-yaml serves /usr/bin/python3 only, so where
# another python3 comes first on the PATH and lacks the modules, Debian's is put before it.

MUSTER_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export MUSTER_ROOT
export MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/muster}
export PYTHONDONTWRITEBYTECODE=1

if ! command -v go >/dev/null 2>&1 && [ -x /usr/local/go/bin/go ]; then
  export PATH=$PATH:/usr/local/go/bin
fi
if ! python3 -c 'import yaml, jsonschema' >/dev/null 2>&1 \
    && /usr/bin/python3 -c 'import yaml, jsonschema' >/dev/null 2>&1; then
  mkdir -p "$MUSTER_CACHE/python"
  ln -sfn /usr/bin/python3 "$MUSTER_CACHE/python/python3"
  export PATH=$MUSTER_CACHE/python:$PATH
fi
