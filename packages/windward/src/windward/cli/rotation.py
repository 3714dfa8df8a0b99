"""`windward rotate-fernet-key`: encrypt what is kept again, with the newest key."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Parser, finish

if TYPE_CHECKING:
    from windward.app.session import Session


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the command."""
    finish(parser, _rotate)


def _rotate(_args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.store.sql.open import SqlStore

    store = session.store
    count = store.secrets.renew_secrets() if isinstance(store, SqlStore) else 0
    note(
        f"encrypted {count} values again, with the first key of `[core] fernet_key`; the others are not needed now"
    )
    return 0
