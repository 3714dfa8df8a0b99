#!/usr/bin/env bash
# Make .venv in the checkout hold exactly what requirements/dev.txt and the two packages say.
#
# Needs a Python of 3.11 or later with its venv module, and an index that pip or uv can reach; changes nothing
# outside .venv except the download caches of pip and uv. uv does the work because it is many times faster;
# where it cannot (pip is configured for an index that uv does not see), pip does the same work.
# Called by `make setup`, which skips it when nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly venv_python=.venv/bin/python
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-60}"
export UV_SYSTEM_CERTS=1

say() { printf 'setup: %s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    if [[ -n "${PYTHON:-}" ]]; then
        is_new_enough "$PYTHON" && { printf '%s' "$PYTHON"; return; }
        printf 'error: `PYTHON=%s` is not a Python of 3.11 or later\n' "$PYTHON" >&2
        return 1
    fi
    for candidate in python3.11 python3.12 python3.13 python3; do
        is_new_enough "$candidate" && { printf '%s' "$candidate"; return; }
    done
    {
        printf 'error: no Python of 3.11 or later on the PATH (`python3` is %s)\n\n' \
            "$(python3 --version 2>/dev/null || echo missing)"
        printf 'hint: Install one, or name it: `make setup PYTHON=/path/to/python3.11`.\n'
    } >&2
    return 1
}

# A virtual environment holds absolute paths, so one that was moved or copied with its checkout is made anew.
is_venv_sound() {
    [[ -x "$venv_python" ]] && is_new_enough "$venv_python" && "$venv_python" - <<'PY' 2>/dev/null
import os, sys
import pip
home = os.path.realpath(".venv")
with open(".venv/bin/activate", encoding="utf-8") as script:
    sys.exit(os.path.realpath(sys.prefix) != home or home not in script.read())
PY
}

make_venv() {
    local python
    python="$(find_python)"
    say "making .venv with $("$python" --version)"
    if ! "$python" -m venv --clear .venv >&2; then
        printf 'error: `%s` cannot make a virtual environment\n\n' "$python" >&2
        printf 'hint: Some systems ship the venv module apart: install `python3-venv`.\n' >&2
        return 1
    fi
}

# The index and the certificates that pip is configured for, told to uv, which does not read pip's configuration.
lend_pip_configuration_to_uv() {
    local url="${PIP_INDEX_URL:-}" certificates="${PIP_CERT:-}"
    [[ -n "$url" ]] || url="$("$venv_python" -m pip config get global.index-url 2>/dev/null || true)"
    [[ -n "$certificates" ]] || certificates="$("$venv_python" -m pip config get global.cert 2>/dev/null || true)"
    if [[ -n "$url" && -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]]; then export UV_DEFAULT_INDEX="$url"; fi
    if [[ -n "$certificates" && -z "${SSL_CERT_FILE:-}" ]]; then export SSL_CERT_FILE="$certificates"; fi
}

# First the lock, so that the build back end is there; then lock and packages as one set, which removes the rest.
install_with_uv() {
    "$venv_python" -m pip install --quiet --require-hashes -r requirements/bootstrap.txt || return
    local uv=("$venv_python" -m uv --quiet --no-config pip)
    local into=(--python "$venv_python")
    "${uv[@]}" install "${into[@]}" --require-hashes --no-deps -r requirements/dev.txt || return
    "${uv[@]}" sync "${into[@]}" --no-build-isolation requirements/dev.txt requirements/workspace.txt
}

install_with_pip() {
    "$venv_python" -m pip install --quiet --require-hashes --no-deps -r requirements/dev.txt || return
    "$venv_python" -m pip install --quiet --no-deps --no-build-isolation -r requirements/workspace.txt
}

is_venv_sound || make_venv
lend_pip_configuration_to_uv
say "installing the locked dependencies and both packages"
if ! install_with_uv; then
    say "uv could not install from here; doing the same with pip"
    install_with_pip
fi
.venv/bin/windward --version >/dev/null 2>&1 || test -x .venv/bin/windward
