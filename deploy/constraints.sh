#!/bin/sh
# Pins every package that the bridge needs, with its extras: version and hashes, for all Pythons and platforms of
# pyproject.toml. It keeps the versions of deploy/constraints.txt that still suit; `deploy/constraints.sh --upgrade` takes
# the newest. Needs `uv`.
set -eu

cd "$(dirname "$0")/.."
pins=deploy/constraints.txt
work=$(mktemp)
trap 'rm -f "$work"' EXIT
cp "$pins" "$work"
uv pip compile pyproject.toml --universal --python-version 3.11 --extra mcp --extra oidc --extra otel --generate-hashes \
  --no-header --quiet --output-file "$work" "$@"
{
  echo "# Every package that the bridge needs, with its extras mcp, oidc and otel: version and hashes, for all Pythons and"
  echo "# platforms of pyproject.toml. Made by deploy/constraints.sh."
  grep -v "^# " "$work"
} > "$work.new"
mv "$work.new" "$pins"
