"""The change feed: lines that are written with what they tell of."""

from __future__ import annotations

from collections.abc import Sequence

from windward.ports.store import Note
from windward.store.sql.moves import Texts
from windward.store.sql.transaction import Transaction


def write_notes(transaction: Transaction, texts: Texts, notes: Sequence[Note]) -> None:
    """Append to the change feed, at the very end of a transaction: the counter's row is locked until its end."""
    if not notes:
        return
    transaction.one(texts.count_notes, (len(notes),))
    ((last,),) = transaction.select(texts.counted_notes)
    first = last - len(notes) + 1
    transaction.many(
        texts.insert_note, [(first + place, note.kind, note.subject) for place, note in enumerate(notes)]
    )
