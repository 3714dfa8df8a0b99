#!/usr/bin/env bash
# Run every test by the pytest command that is given: in parts, each a process of its own, `TEST_JOBS` of them at a
# time (two). Whichever part ends makes room for the next, so that no core is idle while much is left. Each part is
# heard when it has ended, and what failed is told once more at the end; the last line is pytest's own.
set -uo pipefail

readonly jobs_max=${TEST_JOBS:-2}
# The longest first. What is in no part of its own is in the second.
declare -rA folders=(
	[acceptance]="acceptance"
	[api]="api api_client"
	[installed]="app cli docs examples"
	[ui]="ui"
)
readonly parts=(acceptance others api ui installed)
pytest=("$@")
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
# What runs in the background does not hear Ctrl-C: each part is a process group of its own, and is told.
set -m
trap 'jobs -rp | while read -r part; do kill -TERM -- "-$part"; done; exit 130' INT TERM

run_part() {
	local folder choice=()
	echo "tests: $1"
	if [[ $1 == others ]]; then
		for folder in ${folders[*]}; do choice+=("--ignore=tests/$folder"); done
	else
		for folder in ${folders[$1]}; do choice+=("tests/$folder"); done
	fi
	"${pytest[@]}" "${choice[@]}" >"$said/$1" 2>&1
	echo $? >"$said/$1.code"
	cat "$said/$1"
}

for part in "${parts[@]}"; do
	while (($(jobs -rp | wc -l) >= jobs_max)); do wait -n; done
	run_part "$part" &
done
wait

code=0
for part in "${parts[@]}"; do
	of_part=$(cat "$said/$part.code" 2>/dev/null || echo 1)
	if [[ $of_part != 0 ]]; then
		code=$of_part
		sed -n '/^=* short test summary info =*$/,$p' "$said/$part"
	fi
done
exit "$code"
