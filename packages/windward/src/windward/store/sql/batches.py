"""One statement instead of many, for PostgreSQL.

Its driver runs a statement once per row inside a pipeline, which the server sees as a conversation that is still going
on: should the process be frozen in the middle of it, no timeout of the server ends the transaction, and its locks stop
everybody else. A single statement over arrays leaves no such moment, and costs a fraction on both sides.
"""

from __future__ import annotations

from typing import Any

_FLOATS = frozenset({"float4", "float8"})
_SOURCE = "batch"


class Batch:
    """A writing statement that takes one array for each parameter of the statement it was made from."""

    def __init__(self, text: str, types: list[str]) -> None:
        self._types = types
        names = ", ".join(f"p{number}" for number in range(len(types)))
        arrays = ", ".join(f"%s::{one}[]" for one in types)
        source = f"unnest({arrays}) AS {_SOURCE}({names})"
        head, values, tail = text.partition(" VALUES (")
        if values:
            marks, _, rest = tail.partition(")")
            self.text = f"{head} SELECT {_named(marks)} FROM {source}{rest}"
            return
        head, where, tail = text.partition(" WHERE ")
        assert where, f"a batch cannot be made of: {text}"
        join = {"UPDATE": " FROM", "DELETE": " USING", "INSERT": ","}[text.partition(" ")[0]]
        first = _named(head)
        self.text = f"{first}{join} {source} WHERE {_named(tail, after=head.count('%s'))}"

    def arguments(self, values: list[tuple[Any, ...]]) -> list[list[Any]]:
        """Return the arrays; the driver wants each of one type."""
        return [
            [None if one is None else float(one) for one in column] if kind in _FLOATS else list(column)
            for kind, column in zip(self._types, zip(*values, strict=True), strict=True)
        ]


def _named(text: str, *, after: int = 0) -> str:
    """Return `text` with the columns of the source in place of its marks."""
    first, *rest = text.split("%s")
    return first + "".join(f"{_SOURCE}.p{number}{part}" for number, part in enumerate(rest, after))


def batch_of(connection: Any, text: str) -> Batch:
    """Return the batch of a statement; the server is asked what type each of its parameters has.

    `connection`: the driver's own.
    """
    first, *rest = text.split("%s")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    server = connection.pgconn
    _check(server, server.prepare(b"", numbered.encode()))
    described = _check(server, server.describe_prepared(b""))
    types = connection.adapters.types
    return Batch(text, [types[described.param_type(number)].name for number in range(described.nparams)])


def _check(server: Any, result: Any) -> Any:
    """Return a result; raise the driver's error when there is none."""
    if result.error_message:
        from psycopg.errors import error_from_result

        raise error_from_result(result, encoding=server.parameter_status(b"client_encoding") or "utf-8")
    return result
