#!/usr/bin/env bash
# Run every test by the pytest command that is given: those that start whole installations wait a good deal, and run
# beside all the others, in processes of their own. Both are heard to their end; the last line is pytest's own.
set -uo pipefail

others_said=$(mktemp)
trap 'rm -f "$others_said"' EXIT
"$@" --ignore=tests/acceptance --ignore=tests/ui >"$others_said" 2>&1 &
others=$!
"$@" tests/acceptance tests/ui
acceptance=$?
wait "$others"
code=$?
cat "$others_said"
if [[ $code == 0 ]]; then
	exit "$acceptance"
fi
exit "$code"
