"""Write `ui/openapi.json`, from which the web interface takes its types; `--check` says whether it is true.

Operations of worker hosts and all prose are left out: they would change the file without changing a type.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from windward.api.app import TITLE
from windward.api.contract.openapi import document_of
from windward.api.own import OPERATIONS as OWN
from windward.api.public import OPERATIONS as PUBLIC

FILE = Path(__file__).resolve().parents[1] / "openapi.json"
PROSE = {"description", "summary", "examples", "example", "title", "tags"}


def described() -> bytes:
    """Return the file as it ought to be."""
    document = document_of((*PUBLIC, *OWN), title=TITLE, version="0")
    document.pop("tags", None)
    plain = _plain(document, is_names=False)
    plain["info"] = {"title": TITLE, "version": "0"}
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1) + b"\n"


def _plain(value: Any, *, is_names: bool) -> Any:
    """Return a value without prose; keys of a mapping of names are not keywords."""
    if isinstance(value, list):
        return [_plain(part, is_names=False) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _plain(part, is_names=key in {"properties", "schemas", "paths"} and not is_names)
        for key, part in value.items()
        if is_names
        or key not in PROSE
        or (key == "description" and isinstance(part, str) and "content" in value)
    }


def main(arguments: list[str]) -> int:
    """Write the file, or check it."""
    wanted = described()
    if "--check" in arguments:
        return 0 if FILE.is_file() and FILE.read_bytes() == wanted else 1
    FILE.write_bytes(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
