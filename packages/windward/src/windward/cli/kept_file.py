"""Files of variables and pools, as they are exported and imported."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from windward.cli.files import dumped, format_of, read_mapping, write_text
from windward.errors import UserError

UNLIMITED = -1


class KeptVariable(NamedTuple):
    """A variable of a file."""

    key: str
    value: str
    description: str | None


def variables_of(file: str, *, known: Collection[str], on_existing: str) -> tuple[list[KeptVariable], int]:
    """Return the variables of a file that are to be written, and how many it has.

    Raises:
        UserError: when it does not have the form, or has one that is `known` and may not be.
    """
    values = read_mapping(file)
    existing = sorted(set(known) & set(values))
    if existing and on_existing == "fail":
        raise UserError(
            f"variable `{existing[0]}` exists already; nothing was imported",
            hint="Give `--action-on-existing-key overwrite` or `skip`.",
        )
    wanted = [
        KeptVariable(key, *_described(given))
        for key, given in values.items()
        if not (key in known and on_existing == "skip")
    ]
    return wanted, len(values)


def _described(given: Any) -> tuple[str, str | None]:
    """Return value and description of an entry, which may be `{"value": …, "description": …}`."""
    description = None
    if isinstance(given, dict) and "value" in given and set(given) <= {"value", "description"}:
        given, description = given["value"], given.get("description")
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False), description


def write_variables(file: str, variables: Iterable[KeptVariable]) -> None:
    """Write variables to a file."""
    form = format_of(file)
    if form == "env":
        write_text(file, "".join(f"{one.key}={one.value}\n" for one in variables))
        return
    values = {
        one.key: {"value": one.value, "description": one.description} if one.description else one.value
        for one in variables
    }
    write_text(file, dumped(values, form=form))


def pools_of(file: str) -> dict[str, dict[str, Any]]:
    """Return the pools of a file by name: `slots`, `description` and `include_deferred` of each.

    Raises:
        UserError: when it does not have the form.
    """
    pools = {}
    for name, fields in read_mapping(file).items():
        slots = fields.get("slots") if isinstance(fields, dict) else None
        if not isinstance(slots, int) or isinstance(slots, bool) or slots < UNLIMITED:
            raise UserError(
                f"pool `{name}` in `{file}` has no slots; nothing was imported",
                hint='Write it as `"name": {"slots": 5, "description": "…", "include_deferred": false}`.',
            )
        pools[name] = {
            "slots": slots,
            "description": str(fields.get("description") or ""),
            "include_deferred": bool(fields.get("include_deferred")),
        }
    return pools


def write_pools(file: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write pools, as they are listed, to a file; return how many."""
    values = {row["pool"]: {name: row[name] for name in row if name != "pool"} for row in rows}
    write_text(file, dumped(values, form=format_of(file)))
    return len(values)
