#!/usr/bin/env bash
# The operator's image: build/image/muster-operator.tar.  IMAGE=name:tag changes its name.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$MUSTER_ROOT"
version=$(sed -n 's/^appVersion: *//p' charts/muster/Chart.yaml)
exec python3 hack/build-image.py --binary build/release/muster-operator \
  --output build/image/muster-operator.tar --reference "${IMAGE:-muster-operator:$version}"
