#!/usr/bin/env bash
# Run every test by the pytest command that is given: those that start whole installations wait a good deal, and run
# beside all the others, in processes of their own. Both are heard to their end, and what failed is told once more
# there; the last line is pytest's own.
set -uo pipefail

said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
"$@" --ignore=tests/acceptance --ignore=tests/ui >"$said/others" 2>&1 &
others=$!
"$@" tests/acceptance tests/ui 2>&1 | tee "$said/whole"
whole=${PIPESTATUS[0]}
wait "$others"
code=$?
cat "$said/others"
if [[ $whole != 0 ]]; then
	sed -n '/^=* short test summary info =*$/,$p' "$said/whole"
fi
exit $((code == 0 ? whole : code))
