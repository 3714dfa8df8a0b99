"""SQL as text: where statements end, and where parameters stand, past quotes, comments and dollar quotes.

Pure functions. What may not live here: connections and what drivers do.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from windward.errors import UserError


class Dialect(StrEnum):
    """What of a database's syntax matters for finding ends and parameters."""

    SQLITE = "sqlite"
    POSTGRES = "postgresql"
    MYSQL = "mysql"
    OTHER = "other"

    @classmethod
    def named(cls, name: str) -> Dialect:
        """Return the dialect of SQLAlchemy's name."""
        return {
            "sqlite": cls.SQLITE,
            "postgresql": cls.POSTGRES,
            "mysql": cls.MYSQL,
            "mariadb": cls.MYSQL,
        }.get(name, cls.OTHER)


_DOLLAR = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$")
_DELIMITER = re.compile(r"[ \t]*DELIMITER[ \t]+(\S+)[ \t]*(?:\r?\n|$)", re.IGNORECASE)
_PYTHON = re.compile(r"%(?:\((?P<name>[^)]+)\))?s|%%")
_NAMED = re.compile(r"(?<![:\w\\]):(?P<name>[A-Za-z_]\w*)")


def pieces(text: str, dialect: Dialect) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, each with whether it is code (True) or a quoted text or comment (False)."""
    start = place = 0
    while place < len(text):
        end = _end_of_quiet(text, place, dialect)
        if end is None:
            place += 1
            continue
        if start < place:
            yield text[start:place], True
        yield text[place:end], False
        start = place = end
    if start < len(text):
        yield text[start:], True


def _end_of_quiet(text: str, place: int, dialect: Dialect) -> int | None:
    """Return where the quoted text or comment that begins at `place` ends; None when none begins there."""
    char = text[place]
    if char in "'\"" or (char == "`" and dialect is not Dialect.POSTGRES):
        escapes = (dialect is Dialect.MYSQL and char != "`") or (
            dialect is Dialect.POSTGRES and char == "'" and _is_escape_string(text, place)
        )
        return _end_of_quote(text, place, char, escapes=escapes)
    if char == "[" and dialect is Dialect.SQLITE:
        end = text.find("]", place)
        return len(text) if end < 0 else end + 1
    if text.startswith("--", place) and (
        dialect is not Dialect.MYSQL or text[place + 2 : place + 3] in "\t\r\n "
    ):
        return _end_of_line(text, place)
    if char == "#" and dialect is Dialect.MYSQL:
        return _end_of_line(text, place)
    if text.startswith("/*", place):
        return _end_of_comment(text, place, nested=dialect is Dialect.POSTGRES)
    if char == "$" and dialect in {Dialect.POSTGRES, Dialect.OTHER}:
        return _end_of_dollar_quote(text, place)
    return None


def _is_escape_string(text: str, place: int) -> bool:
    before = text[max(0, place - 2) : place]
    return before[-1:] in {"e", "E"} and not (len(before) > 1 and (before[0].isalnum() or before[0] == "_"))


def _end_of_quote(text: str, place: int, quote: str, *, escapes: bool) -> int:
    place += 1
    while place < len(text):
        if escapes and text[place] == "\\":
            place += 2
        elif text[place] != quote:
            place += 1
        elif text[place + 1 : place + 2] == quote:
            place += 2
        else:
            return place + 1
    return len(text)


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _end_of_comment(text: str, place: int, *, nested: bool) -> int:
    depth, place = 1, place + 2
    while place < len(text):
        if text.startswith("*/", place):
            depth, place = depth - 1, place + 2
            if not depth:
                return place
        elif nested and text.startswith("/*", place):
            depth, place = depth + 1, place + 2
        else:
            place += 1
    return len(text)


def _end_of_dollar_quote(text: str, place: int) -> int | None:
    tag = _DOLLAR.match(text, place)
    if tag is None or (place and (text[place - 1].isalnum() or text[place - 1] in "_$")):
        return None
    end = text.find(tag[0], tag.end())
    return len(text) if end < 0 else end + len(tag[0])


def split_statements(text: str, dialect: Dialect) -> list[str]:
    """Return the statements of a script without their ends; empty ones and lone comments are left out.

    For MySQL the client's `DELIMITER` lines are understood; for SQLite the body of a trigger is kept whole.
    """
    statements: list[str] = []
    current: list[str] = []
    has_code = False
    delimiter = ";"

    def finish() -> None:
        nonlocal has_code
        if has_code:
            statements.append("".join(current).strip())
        current.clear()
        has_code = False

    for piece, is_code in pieces(text, dialect):
        if not is_code:
            current.append(piece)
            has_code = has_code or piece[0] in "'\"`[$"
            continue
        rest = piece
        while rest:
            at_line_start = not has_code or "".join(current)[-1:] == "\n"
            switch = _DELIMITER.match(rest) if dialect is Dialect.MYSQL and at_line_start else None
            if switch is not None:
                finish()
                delimiter, rest = switch[1], rest[switch.end() :]
                continue
            end, size = _next_end(rest, delimiter, dialect)
            current.append(rest[:end])
            has_code = has_code or bool(rest[:end].strip())
            rest = rest[end + size :]
            if size and dialect is Dialect.SQLITE and not sqlite3.complete_statement("".join(current) + ";"):
                current.append(";")
            elif size:
                finish()
    finish()
    return statements


def _next_end(text: str, delimiter: str, dialect: Dialect) -> tuple[int, int]:
    """Return where code goes up to next: the delimiter and its length, or the end of a line and 0."""
    end = text.find(delimiter)
    if dialect is Dialect.MYSQL:
        line = text.find("\n")
        if line >= 0 and (end < 0 or line < end):
            return line + 1, 0
    return (end, len(delimiter)) if end >= 0 else (len(text), 0)


@dataclass(frozen=True)
class Bound:
    """A statement as a driver takes it; `parameters` None: nothing is bound and `%` means `%`."""

    statement: str
    parameters: Any = None


def bind(statement: str, parameters: Any, *, dialect: Dialect, paramstyle: str) -> Bound:
    """Return a statement with its parameters in a driver's own style (`qmark`, `named`, `format`, `pyformat`, `numeric`).

    The author writes `:name` or `%(name)s` for a dict, `?` or `%s` for a sequence. Raises `UserError` when a name has
    no value or the count is wrong.
    """
    if not parameters:
        return Bound(statement)
    names = isinstance(parameters, Mapping)
    values: Any = dict(parameters) if names else list(parameters)
    split = list(pieces(statement, dialect))
    is_python = any(
        (match["name"] is not None) is names and match[0] != "%%"
        for piece, is_code in split
        if is_code
        for match in _PYTHON.finditer(piece)
    )
    writer = _Writer(values, paramstyle)
    out = []
    for piece, is_code in split:
        if is_python:
            out.append(_replaced(piece, _PYTHON, writer, is_code=is_code, names=names))
        elif is_code and names:
            out.append(_replaced(piece, _NAMED, writer, is_code=True, names=True))
        elif is_code:
            out.append(_question_marks(piece, writer))
        else:
            out.append(writer.escaped(piece))
    writer.check(statement)
    return Bound("".join(out), writer.result()) if writer.count else Bound(statement)


def _question_marks(piece: str, writer: _Writer) -> str:
    parts = piece.split("?")
    out = [writer.escaped(parts[0])]
    for part in parts[1:]:
        out += [writer.next_place(), writer.escaped(part)]
    return "".join(out)


def _replaced(piece: str, pattern: re.Pattern[str], writer: _Writer, *, is_code: bool, names: bool) -> str:
    out, last = [], 0
    for match in pattern.finditer(piece):
        name = match["name"]
        if match[0] == "%%":
            new = writer.escaped("%")
        elif not is_code or (name is not None) is not names:
            new = writer.escaped(match[0])
        else:
            new = writer.named_place(name) if name is not None else writer.next_place()
        out += [writer.escaped(piece[last : match.start()]), new]
        last = match.end()
    out.append(writer.escaped(piece[last:]))
    return "".join(out)


class _Writer:
    """Writes places for values in a driver's style and keeps which values go there."""

    def __init__(self, values: Any, paramstyle: str) -> None:
        self._values = values
        self._style = paramstyle
        self._used: list[Any] = []
        self.count = 0

    def escaped(self, text: str) -> str:
        """Return text that is no parameter."""
        return text.replace("%", "%%") if self._style in {"format", "pyformat"} else text

    def named_place(self, name: str) -> str:
        if name not in self._values:
            known = ", ".join(f"`{key}`" for key in self._values)
            raise UserError(
                f"the SQL names the parameter `{name}`, which has no value",
                hint=f"`parameters` has {known}. A colon or percent sign that is none belongs into quotes.",
            )
        return self._place(self._values[name])

    def next_place(self) -> str:
        value = self._values[self.count] if self.count < len(self._values) else None
        return self._place(value)

    def _place(self, value: Any) -> str:
        self._used.append(value)
        self.count += 1
        match self._style:
            case "qmark":
                return "?"
            case "format":
                return "%s"
            case "pyformat":
                return f"%(p{self.count})s"
            case "numeric":
                return f":{self.count}"
        return f":p{self.count}"

    def check(self, statement: str) -> None:
        if isinstance(self._values, list) and self.count not in {0, len(self._values)}:
            raise UserError(
                f"the SQL has {self.count} places for parameters and gets {len(self._values)} values: {statement[:80]!r}",
                hint="Give one value for each `%s` or `?`, in order, or name them: `:name` with a dict.",
            )

    def result(self) -> Any:
        if self._style in {"qmark", "format", "numeric"}:
            return tuple(self._used)
        return {f"p{number}": value for number, value in enumerate(self._used, 1)}


def parameter_sets(parameters: Any) -> Sequence[Any] | Mapping[str, Any] | None:
    """Return parameters as a dict or sequence; a single value counts as a sequence of one."""
    if parameters is None or isinstance(parameters, Mapping):
        return parameters
    if isinstance(parameters, Sequence) and not isinstance(parameters, str | bytes):
        return parameters
    return [parameters] if isinstance(parameters, str | bytes | int | float) else list(parameters)
