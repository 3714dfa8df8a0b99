"""The first user: made once, with a password that is shown once and kept as a hash only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

NAME = "admin"
PASSWORD_BYTES = 12


def make_first_user(path: Path) -> str | None:
    """Write the first user unless there is one; return the password, or None when there was one.

    Whoever lost the password deletes the file: the next start makes another.
    """
    if path.exists():
        return None
    from argon2 import PasswordHasher

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user = {"username": NAME, "password_hash": PasswordHasher().hash(password)}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(user, file)
        os.link(draft, path)
    except FileExistsError:
        return None
    finally:
        draft.unlink()
    return password
