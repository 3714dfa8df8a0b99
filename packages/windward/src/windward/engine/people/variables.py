"""Variables, as people change them."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from windward.core.secret_values import edited_variable
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, InvalidIdError, NotFoundError
from windward.model.ids import ID_LENGTH_MAX


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable: `value` is text, which may be JSON."""

    key: str
    value: str
    description: str | None = None


def checked_key(key: str) -> str:
    """Return a key that a variable may have.

    Raises:
        InvalidIdError: when it may not.
    """
    if not key.strip() or len(key) > ID_LENGTH_MAX or not key.isprintable():
        raise InvalidIdError(
            f"`{key}` is not the key of a variable", hint=f"Use 1 to {ID_LENGTH_MAX} characters."
        )
    return key


def find_variable(desk: Desk, key: str) -> Variable:
    """Return a variable.

    Raises:
        NotFoundError: when there is none of that key.
    """
    found = _found(desk, key)
    if found is None:
        raise NotFoundError(f"The Variable with key: `{key}` was not found")
    return found


def set_variable(desk: Desk, variable: Variable) -> None:
    """Make a variable, or replace it.

    Raises:
        InvalidIdError: when its key cannot be one.
    """
    checked_key(variable.key)
    before = _found(desk, variable.key)
    desk.store.secrets.set_variable(variable.key, variable.value, description=variable.description)
    note_change("variable", variable.key, before=before, after=variable)


def create_variable(desk: Desk, variable: Variable) -> None:
    """Make a variable.

    Raises:
        InvalidIdError: when its key cannot be one.
        ConflictError: when it exists.
    """
    if _found(desk, checked_key(variable.key)) is not None:
        raise ConflictError(f"The Variable with key: `{variable.key}` already exists")
    set_variable(desk, variable)


def edit_variable(
    desk: Desk,
    key: str,
    *,
    value: str | None = None,
    description: str | msgspec.UnsetType | None = msgspec.UNSET,
    words: Collection[str] = (),
) -> None:
    """Change what is given of a variable. Where a value holds the mask, as lists show it, the secret stays.

    Raises:
        NotFoundError: when there is none of that key.
    """
    before = find_variable(desk, key)
    after = Variable(
        key=key,
        value=before.value if value is None else edited_variable(key, value, before.value, words=words),
        description=before.description if description is msgspec.UNSET else description,
    )
    desk.store.secrets.set_variable(key, after.value, description=after.description)
    note_change("variable", key, before=before, after=after)


def delete_variable(desk: Desk, key: str) -> None:
    """Delete a variable.

    Raises:
        NotFoundError: when there is none of that key.
    """
    before = find_variable(desk, key)
    if not desk.store.secrets.delete_variable(key):
        raise NotFoundError(f"The Variable with key: `{key}` was not found")
    note_change("variable", key, before=before)


def _found(desk: Desk, key: str) -> Variable | None:
    found = desk.store.secrets.find_variable(key)
    return None if found is None else Variable(key=key, value=found[0], description=found[1])
