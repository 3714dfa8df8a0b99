"""Documents that lists need beside their rows: decoded once, and kept while they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property

import sqlalchemy as sa

from windward.core.plan import compile_plan
from windward.document import DagDocument, TaskDocument, decode
from windward.store.sql.database import Database, chunks
from windward.store.sql.tables import DAG_DOCUMENT

KEPT_MAX = 5000


class KnownDocument:
    """A document with its number among those of its DAG, and its tasks by id."""

    def __init__(self, document: DagDocument, number: int) -> None:
        self.document = document
        self.number = number
        self.tasks: dict[str, TaskDocument] = {task.task_id: task for task in document.tasks}

    @cached_property
    def weights(self) -> dict[str, int]:
        """The effective priorities of the tasks."""
        plan = compile_plan(self.document, "")
        return {task.task_id: weight for task, weight in zip(plan.tasks, plan.weight, strict=True)}


class Documents:
    """A cache by hash: what a hash names never changes. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, KnownDocument] = OrderedDict()

    def load(self, hashes: Iterable[str]) -> dict[str, KnownDocument]:
        """Return documents by hash; those that were deleted are left out."""
        wanted = set(hashes)
        with self._lock:
            found = {name: self._kept[name] for name in wanted if name in self._kept}
            for name in found:
                self._kept.move_to_end(name)
        if missing := sorted(wanted - found.keys()):
            found |= self._read(missing)
        return found

    def plain(self, hashes: Iterable[str]) -> dict[str, DagDocument]:
        """Return documents by hash, and nothing beside them."""
        return {name: known.document for name, known in self.load(hashes).items()}

    def _read(self, hashes: list[str]) -> dict[str, KnownDocument]:
        table, read = DAG_DOCUMENT, dict[str, KnownDocument]()
        with self._database.reading() as transaction:
            for some in chunks(hashes):
                query = sa.select(table.c.document_hash, table.c.number, table.c.body)
                for row in transaction.run(query.where(table.c.document_hash.in_(some))):
                    read[row.document_hash] = KnownDocument(decode(bytes(row.body)), row.number)
        with self._lock:
            self._kept.update(read)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return read
