#!/usr/bin/env bash
# Run every test by the pytest command that is given: in parts, each a process of its own, `TEST_JOBS` of them at a
# time (three). Whichever part ends makes room for the next, so that no core is idle while much is left. Each part is
# heard when it has ended, and what failed is told once more at the end; the last line is pytest's own.
set -uo pipefail

# One more than a small machine has cores: a part with whole installations often waits for their processes.
readonly jobs_max=${TEST_JOBS:-3}
# What is below `tests/` and in no part of its own is in `others`. A part leaves out what is a part below its folder.
declare -rA paths=(
	[acceptance]="acceptance"
	[api]="api api_client"
	[deaths]="$(echo acceptance/test_{chaos,deferring,far_worker,freeze,kill,storm}.py)"
	[installed]="app cli docs examples"
	[others]="."
	[people]="$(echo acceptance/test_{asking,assets,backfills,called,ends,people,timetables}.py)"
	[store]="store"
	[ui]="ui"
)
# Long ones first, and those that wait beside those that calculate.
readonly parts=(others ui deaths api people acceptance installed store)
pytest=("$@")
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
# What runs in the background does not hear Ctrl-C: each part is a process group of its own, and is told.
set -m
trap 'jobs -rp | while read -r part; do kill -TERM -- "-$part"; done; exit 130' INT TERM

run_part() {
	local part path mine choice=()
	echo "tests: $1"
	for mine in ${paths[$1]}; do choice+=("tests/$mine"); done
	for part in "${parts[@]}"; do
		[[ $part == "$1" ]] && continue
		for path in ${paths[$part]}; do
			for mine in ${paths[$1]}; do
				if [[ $path != . && ($mine == . || $path == "$mine"/*) ]]; then choice+=("--ignore=tests/$path"); fi
			done
		done
	done
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
