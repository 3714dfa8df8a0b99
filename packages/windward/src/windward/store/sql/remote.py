"""Letters and mail of worker hosts on other machines, on a database."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from windward.ports.remote import LETTERS_MAX, MESSAGE, Letter, MailItem
from windward.ports.store import Note
from windward.protocol.messages import FromHost, ToHost
from windward.store.sql.database import Database, chunks
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.tables import HOST_LETTER, HOST_MAIL
from windward.store.sql.transaction import Transaction

_ENCODE = msgspec.msgpack.Encoder().encode
_FROM_HOST = msgspec.msgpack.Decoder(FromHost)
_TO_HOST = msgspec.msgpack.Decoder(ToHost)


class SqlRemote:
    """Implements `windward.ports.remote.RemoteStore`."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts

    def post(self, host_id: str, messages: Sequence[FromHost]) -> None:
        """Put letters into the scheduler's inbox, and say so."""
        rows = [{"host_id": host_id, "body": _ENCODE(message)} for message in messages]

        def write(transaction: Transaction) -> None:
            transaction.run(sa.insert(HOST_LETTER), rows)
            write_notes(transaction, self._texts, [Note(kind=MESSAGE, subject=host_id)])

        if rows:
            self._database.write(write)

    def load_letters(self, *, limit: int = LETTERS_MAX) -> list[Letter]:
        """Return all letters, in order."""
        query = sa.select(HOST_LETTER).order_by(HOST_LETTER.c.letter_pk).limit(limit)
        with self._database.reading() as transaction:
            return [
                Letter(
                    letter_pk=row.letter_pk, host_id=row.host_id, message=_FROM_HOST.decode(bytes(row.body))
                )
                for row in transaction.run(query)
            ]

    def delete_letters(self, letter_pks: Sequence[int]) -> None:
        """Forget letters."""
        table = HOST_LETTER

        def write(transaction: Transaction) -> None:
            for some in chunks(sorted(letter_pks)):
                transaction.run(sa.delete(table).where(table.c.letter_pk.in_(some)))

        if letter_pks:
            self._database.write(write)

    def put_mail(self, mail: Sequence[tuple[str, ToHost]]) -> None:
        """Keep messages until the hosts fetch them."""
        rows = [{"host_id": host_id, "body": _ENCODE(message)} for host_id, message in mail]
        if rows:
            self._database.write(lambda transaction: transaction.run(sa.insert(HOST_MAIL), rows))

    def load_mail(self, host_id: str, *, limit: int = LETTERS_MAX) -> list[MailItem]:
        """Return what waits for a host, in order."""
        table = HOST_MAIL
        query = sa.select(table.c.mail_pk, table.c.body).where(table.c.host_id == host_id)
        with self._database.reading() as transaction:
            rows = transaction.run(query.order_by(table.c.mail_pk).limit(limit)).fetchall()
        return [MailItem(mail_pk=row.mail_pk, message=_TO_HOST.decode(bytes(row.body))) for row in rows]

    def delete_mail(self, host_id: str, mail_pks: Sequence[int] | None = None) -> int:
        """Forget what a host has read, or all that waits for it; return how many."""
        table = HOST_MAIL
        statement = sa.delete(table).where(table.c.host_id == host_id)
        if mail_pks is not None:
            statement = statement.where(table.c.mail_pk.in_(mail_pks))
        return self._database.write(lambda transaction: transaction.run(statement).rowcount)
