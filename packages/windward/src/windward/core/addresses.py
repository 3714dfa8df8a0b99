"""Addresses without the credentials that they carry, to be shown; and edits of what was shown so. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote

MASK = "***"
_BEFORE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)*//|(?P<jdbc>jdbc:[a-z0-9]+:(?:(?:thin|oci):)?)|", re.IGNORECASE)
_USER = re.compile(r"[^/?#]+(?=@)|[^/?#:@\[]*:(?!\d*[/?#]).+(?=@)", re.DOTALL)
"""Up to the last `@` before the path; or with `/`, `?` or `#` in a password, where no port stands before these."""
_JDBC_USER = re.compile(r".+(?=@)", re.DOTALL)
"""Without `//`, as Oracle's: what stands before an `@` is `user/password`."""
_PARAMETER = re.compile(r"(?P<before>[?&;](?P<name>[^=&;?#]*)=)(?P<value>[^&;#]+)")


def shown_address(text: str, *, words: Collection[str]) -> str:
    """Return an address with the user and password in it masked, and its parameters whose names contain one of `words`.

    An address without any is returned as it is.
    """
    before, user, rest = _parts(text)
    rest = _PARAMETER.sub(
        lambda one: one["before"] + MASK if _is_telling(one["name"], words) else one[0],
        rest,
    )
    return before + (MASK if user else "") + rest


def edited_address(new: str, old: str) -> str:
    """Return what an address becomes: where `new` holds the mask, the credentials that were there stay."""
    before, user, rest = _parts(new)
    _, kept, kept_rest = _parts(old)
    values: dict[str, list[str]] = {}
    for one in _PARAMETER.finditer(kept_rest):
        values.setdefault(one["name"], []).append(one["value"])

    def edited(one: re.Match[str]) -> str:
        left = values.get(one["name"])
        stored = left.pop(0) if left else one["value"]
        return one["before"] + (stored if one["value"] == MASK else one["value"])

    return before + (kept if user == MASK and kept else user) + _PARAMETER.sub(edited, rest)


def _parts(text: str) -> tuple[str, str, str]:
    """Return what stands before the user and password, these, and the rest from the `@` on."""
    before = _BEFORE.match(text)
    assert before is not None, "it matches nothing, too"
    found = (_JDBC_USER if before["jdbc"] else _USER).match(text, before.end())
    end = before.end() if found is None else found.end()
    return before[0], text[before.end() : end], text[end:]


def _is_telling(name: str, words: Collection[str]) -> bool:
    lowered = unquote(name).strip().lower()
    return any(word in lowered for word in words)
