"""Letters and mail of worker hosts on other machines, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from windward.ports.remote import LETTERS_MAX, MESSAGE, Letter, MailItem
from windward.protocol.messages import FromHost, ToHost
from windward.store.memory.tables import Tables


class MemoryRemote:
    """Implements `windward.ports.remote.RemoteStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._pks = count(1)
        self._letters: list[Letter] = []

    def post(self, host_id: str, messages: Sequence[FromHost]) -> None:
        """Put letters into the scheduler's inbox, and say so."""
        if not messages:
            return
        with self._tables.lock:
            self._letters += [
                Letter(letter_pk=next(self._pks), host_id=host_id, message=message) for message in messages
            ]
            self._tables.add_note(MESSAGE, host_id)
            self._tables.wrote(len(messages))

    def load_letters(self, *, limit: int = LETTERS_MAX) -> list[Letter]:
        """Return all letters, in order."""
        with self._tables.lock:
            return self._letters[:limit]

    def delete_letters(self, letter_pks: Sequence[int]) -> None:
        """Forget letters."""
        gone = set(letter_pks)
        with self._tables.lock:
            self._letters = [letter for letter in self._letters if letter.letter_pk not in gone]
            self._tables.wrote(len(gone))

    def put_mail(self, mail: Sequence[tuple[str, ToHost]]) -> None:
        """Keep messages until the hosts fetch them."""
        with self._tables.lock:
            self._tables.mail += [
                (host_id, MailItem(mail_pk=next(self._pks), message=message)) for host_id, message in mail
            ]
            self._tables.wrote(len(mail))

    def load_mail(self, host_id: str, *, limit: int = LETTERS_MAX) -> list[MailItem]:
        """Return what waits for a host, in order."""
        with self._tables.lock:
            return [item for other, item in self._tables.mail if other == host_id][:limit]

    def delete_mail(self, host_id: str, mail_pks: Sequence[int] | None = None) -> int:
        """Forget what a host has read, or all that waits for it; return how many."""
        with self._tables.lock:
            kept = [
                (other, item)
                for other, item in self._tables.mail
                if other != host_id or (mail_pks is not None and item.mail_pk not in mail_pks)
            ]
            gone, self._tables.mail = len(self._tables.mail) - len(kept), kept
            self._tables.wrote(gone)
            return gone
