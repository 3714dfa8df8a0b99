"""What a DAG file may ask while it is imported: variables and connections, read from the store.

Answers are kept for one pass, so that 500 files which read one variable cost one query. What was read is a
dependency (`var:…`, `conn:…`, `pool:…`), so that a file is parsed again when the value changes.
"""

from __future__ import annotations

import json

from windward.ports.store import CatalogStore, SecretStore
from windward.processor.fingerprint import ABSENT, hash_bytes
from windward.protocol.calls import (
    Answer,
    Call,
    ConnectionAnswer,
    GetConnection,
    GetSchedulePlace,
    GetVariable,
    PlaceAnswer,
    Refused,
    VariableAnswer,
)

VARIABLE = "var:"
CONNECTION = "conn:"
POOL = "pool:"
PREFIXES = (VARIABLE, CONNECTION, POOL)


class ParseAnswers:
    """Reads values, each once per pass."""

    def __init__(self, secrets: SecretStore, catalog: CatalogStore | None = None) -> None:
        self._secrets = secrets
        self._catalog = catalog
        self._answers: dict[str, Answer] = {}
        self._pools: frozenset[str] | None = None

    def begin_pass(self) -> None:
        """Forget what was read."""
        self._answers.clear()
        self._pools = None

    def answer(self, call: Call) -> tuple[Answer, str, str]:
        """Return the answer, the dependency that it makes, and the hash of the value."""
        match call:
            case GetVariable(key=key):
                dependency = VARIABLE + key
            case GetConnection(conn_id=conn_id):
                dependency = CONNECTION + conn_id
            case GetSchedulePlace(dag_id=dag_id):
                return self._place(dag_id), "", ""
            case _:
                refused = Refused(
                    code="invalid",
                    message=f"`{type(call).__name__}` is not possible while a DAG file is imported",
                    hint="Only variables and connections can be read there; move the rest into a task.",
                )
                return refused, "", ""
        answer = self._read(dependency)
        return answer, dependency, _hash_of(answer)

    def _place(self, dag_id: str) -> PlaceAnswer:
        dag = self._catalog.load_dag(dag_id) if self._catalog is not None else None
        if dag is None or self._catalog is None:
            return PlaceAnswer()
        asked_of = self._catalog.load_asked_dates()
        return PlaceAnswer(
            run_after=dag.last_run_after,
            interval_start=dag.last_interval_start,
            interval_end=dag.last_interval_end,
            asked=tuple((asked.start, asked.end) for asked in asked_of if asked.dag_id == dag_id),
        )

    def pools(self) -> frozenset[str]:
        """Return the names of the pools that exist."""
        if self._pools is None:
            self._pools = frozenset(pool.name for pool in self._secrets.load_pools())
        return self._pools

    def current_hash(self, dependency: str) -> str:
        """Return the hash of a value as it is now (as of this pass)."""
        if dependency.startswith(POOL):
            return "exists" if dependency.removeprefix(POOL) in self.pools() else ABSENT
        return _hash_of(self._read(dependency))

    def _read(self, dependency: str) -> Answer:
        if dependency not in self._answers:
            self._answers[dependency] = (
                VariableAnswer(value=self._secrets.get_variable(dependency.removeprefix(VARIABLE)))
                if dependency.startswith(VARIABLE)
                else ConnectionAnswer(
                    fields=self._secrets.get_connection(dependency.removeprefix(CONNECTION))
                )
            )
        return self._answers[dependency]


def _hash_of(answer: Answer) -> str:
    match answer:
        case VariableAnswer(value=str(value)):
            return hash_bytes(value.encode())
        case ConnectionAnswer(fields=dict(fields)):
            return hash_bytes(json.dumps(fields, sort_keys=True, default=str).encode())
    return ABSENT
