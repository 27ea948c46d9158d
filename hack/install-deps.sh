#!/usr/bin/env bash
# Installs the missing packages of hack/packages.txt for the groups named (default: build), and says
# what is missing when it cannot.  Silent and quick when nothing is missing.  The group `lists` only
# brings apt's lists up to date.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/env.sh"
groups=" ${*:-build} "
min_go=1.26

missing_packages() {
  local group package command
  while read -r group package command; do
    case $group in ''|'#'*) continue ;; esac
    case $groups in *" $group "*) ;; *) continue ;; esac
    [ -n "$command" ] && command -v "$command" >/dev/null 2>&1 && continue
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
      installed) ;;
      *) echo "$package" ;;
    esac
  done <"$here/packages.txt"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

update_lists() {
  local try
  for try in 1 2 3 4 5; do
    apt update && return 0
    echo "apt-get update failed (try $try of 5)" >&2
    sleep $((try * 3))
  done
  return 1
}

cannot() {
  echo "cannot install what is missing: $1" >&2
  echo "packages wanted (Debian 12 names): $missing" >&2
  exit 1
}

if [ "$groups" = " lists " ]; then
  update_lists
  exit
fi
missing=$(missing_packages | tr '\n' ' ')
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 || cannot "this is not Debian; install their like by hand"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 || cannot "neither root nor sudo"
  echo "installing: $missing"
  update_lists || cannot "apt-get update keeps failing"
  # shellcheck disable=SC2086  # a list of words
  apt install -y --no-install-recommends $missing >/dev/null || cannot "apt-get install failed"
  missing=$(missing_packages | tr '\n' ' ')
  [ -z "$missing" ] || cannot "apt-get said it did, but they are not there"
fi
. "$here/env.sh"
python3 -c 'import yaml, jsonschema' 2>/dev/null || {
  echo "python3 lacks yaml or jsonschema (Debian: python3-yaml, python3-jsonschema)" >&2
  exit 1
}

found_go=$( (cd / && GOTOOLCHAIN=local go env GOVERSION) 2>/dev/null | sed 's/^go//' || true)
if [ "$(printf '%s\n%s\n' "$min_go" "${found_go:-0}" | sort -V | head -n 1)" != "$min_go" ]; then
  echo "Go $min_go or newer is needed to build the Kubernetes programs; found: ${found_go:-none}." >&2
  echo "Install it from go.dev and put its bin folder on the PATH." >&2
  exit 1
fi
