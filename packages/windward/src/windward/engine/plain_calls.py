"""What no call of user code may carry, whichever it is: what a database cannot hold, or cannot count by."""

from __future__ import annotations

from windward.model.numbers import SMALL_MAX, WIDE_MAX
from windward.protocol import calls as c

_COUNTS = frozenset({"offset", "limit", "place"})
_KEYS_OF_ROWS = frozenset({"purged", "failed"})
_FREE_TEXTS = frozenset({"value", "description", "note"})
"""They are stored so that every database holds them."""


def fault_of(call: c.Call) -> str:
    """Return what is wrong with a call, in words; nothing when every database can be asked so."""
    if isinstance(call, c.SetXCom):
        return ""  # who writes it looks at its key, and says more
    for field in call.__struct_fields__:
        match getattr(call, field):
            case str() as text:
                fault = _fault_of_text(field, text)
            case bool():
                continue
            case int() as number:
                fault = _fault_of_number(field, number)
            case tuple() as several:
                fault = next(filter(None, (_fault_of_item(field, one) for one in several)), "")
            case _:  # dates, JSON, and values of their own kinds, which were looked at when they were decoded
                continue
        if fault:
            return fault
    return ""


def _fault_of_item(field: str, item: object) -> str:
    match item:
        case str():
            return _fault_of_text(field, item)
        case int():
            return _fault_of_number(field, item)
        case _:
            return ""


def _fault_of_text(field: str, text: str) -> str:
    return f"`{field}` holds a NUL character" if "\0" in text and field not in _FREE_TEXTS else ""


def _fault_of_number(field: str, number: int) -> str:
    greatest = WIDE_MAX if field in _KEYS_OF_ROWS else SMALL_MAX
    if abs(number) > greatest:
        return f"a number of `{field}` is beyond {greatest}"
    return f"`{field}` is negative" if number < 0 and field in _COUNTS else ""
