"""The first user: made once, with a password that is kept as a hash; that of an earlier version is taken over."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet

from tests import databases
from windward.app.credentials import ArgonPasswords, new_id, new_secret
from windward.app.first_user import LEGACY_FILE, make_first_user, take_over_file
from windward.core.accounts import digest_of
from windward.engine.people.accounts import AccountDesk
from windward.store.sql.open import open_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def desk(tmp_path: Path) -> AccountDesk:
    url = databases.with_tables(tmp_path / "windward.db")
    store = open_store(url, fernet_keys=[Fernet.generate_key().decode()])
    return AccountDesk(
        accounts=store.accounts,
        passwords=ArgonPasswords(HASHER),
        now=lambda: NOW,
        new_id=new_id,
        new_secret=new_secret,
    )


def test_the_first_user_is_made_once_and_its_secrets_are_kept_as_digests(
    desk: AccountDesk, tmp_path: Path
) -> None:
    made = make_first_user(desk, tmp_path, ticket_s=900)
    assert made is not None
    assert make_first_user(desk, tmp_path, ticket_s=900) is None
    found = desk.accounts.known_by_name("admin")
    assert found is not None
    known, stored = found
    assert known.user.roles == ("admin",)
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert desk.passwords.is_right(stored, made.password)
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.password.encode() not in raw
    assert made.ticket.encode() not in raw
    assert desk.accounts.take_ticket(digest_of(made.ticket), now=NOW) == known.user.user_id


def test_the_user_of_an_earlier_version_keeps_its_password_and_its_file_goes(
    desk: AccountDesk, tmp_path: Path
) -> None:
    stored = HASHER.hash("as it was")
    path = tmp_path / LEGACY_FILE
    path.write_text(json.dumps({"username": "admin", "password_hash": stored}))
    assert make_first_user(desk, tmp_path, ticket_s=900) is None
    found = desk.accounts.known_by_name("admin")
    assert found is not None
    assert found[1] == stored
    assert not path.exists()


def test_a_file_beside_users_changes_none_of_them(desk: AccountDesk, tmp_path: Path) -> None:
    made = make_first_user(desk, tmp_path, ticket_s=900)
    assert made is not None
    (tmp_path / LEGACY_FILE).write_text(json.dumps({"username": "admin", "password_hash": "planted"}))
    assert take_over_file(desk, tmp_path)
    found = desk.accounts.known_by_name("admin")
    assert found is not None
    assert desk.passwords.is_right(found[1], made.password)


@pytest.mark.parametrize("text", ["", "[]", '{"username": "a"}'])
def test_a_file_that_cannot_be_read_is_passed_over(desk: AccountDesk, tmp_path: Path, text: str) -> None:
    (tmp_path / LEGACY_FILE).write_text(text)
    assert make_first_user(desk, tmp_path, ticket_s=900) is not None
