"""Letters between the scheduler and worker hosts of other machines: kept in the store until they are read and done with.

A host speaks to an API server, which may be another machine's than the scheduler's. What a host says waits in the
scheduler's inbox, and what it is told waits in its own mail; both survive whoever carries them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import FromHost, ToHost

LETTERS_MAX = 1000
"""Letters that are read at once."""
MESSAGE = "message"
"""Kind of the note that tells the scheduler of letters in its inbox."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a host said. `letter_pk` grows in the order of one host's letters, not over all hosts."""

    letter_pk: int
    host_id: str
    message: FromHost


class MailItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a host is told, in the order of `mail_pk`."""

    mail_pk: int
    message: ToHost


class RemoteStore(Protocol):
    """Letters and mail."""

    def post(self, host_id: str, messages: Sequence[FromHost]) -> None:
        """Put letters into the scheduler's inbox, with a note of kind `message`."""

    def load_letters(self, *, limit: int = LETTERS_MAX) -> list[Letter]:
        """Return all letters, in order; those that were read before among them."""

    def delete_letters(self, letter_pks: Sequence[int]) -> None:
        """Forget letters whose consequences were written."""

    def put_mail(self, mail: Sequence[tuple[str, ToHost]]) -> None:
        """Keep messages (host id, message) until the hosts fetch them."""

    def load_mail(self, host_id: str, *, limit: int = LETTERS_MAX) -> list[MailItem]:
        """Return what waits for a host, in order."""

    def delete_mail(self, host_id: str, mail_pks: Sequence[int] | None = None) -> int:
        """Forget what a host has read, or all that waits for it; return how many."""


class Inbox(Protocol):
    """What the leading scheduler hears of hosts of other machines."""

    def read(self) -> list[Envelope]:
        """Return what has come since the last time, in order."""

    def settle(self, pending: Sequence[Envelope | HostGone | Woken]) -> None:
        """Forget what was read, but for what is `pending`: its consequences are not written yet."""

    def forget(self) -> None:
        """Begin anew: all that was not settled will be read again."""


class _NoInbox:
    """The inbox where there are no hosts but those of this machine."""

    def read(self) -> list[Envelope]:
        """Return nothing."""
        return []

    def settle(self, pending: Sequence[Envelope | HostGone | Woken]) -> None:
        """Do nothing."""

    def forget(self) -> None:
        """Do nothing."""


NO_INBOX: Inbox = _NoInbox()
