"""Which Airflow's meaning a DAG has, and why: told by settings, the DAG, or the imports of its file.

Imports are read from the source text; the file is not run.
"""

from __future__ import annotations

import ast
from typing import Any

from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk.unset import ArgNotSet

_AIRFLOW3_PACKAGES = ("airflow.sdk", "windward")


def detect(
    imports: tuple[str, ...], dag_argument: Any = None, setting: str | None = None
) -> tuple[Semantics, str]:
    """Return the semantics of a DAG and the reason, in one sentence.

    `imports` are the modules its file imports (`imports_of`), `dag_argument` the DAG's `semantics=`, `setting` that of
    `[core] semantics`. Raises `UserError` for a value that does not exist.
    """
    if dag_argument is not None and not isinstance(dag_argument, ArgNotSet):
        return _named(dag_argument, where="`semantics=` of the DAG"), "the DAG says `semantics=`"
    if setting:
        return _named(setting, where="`[core] semantics`"), "`[core] semantics` says so"
    for name in imports:
        for package in _AIRFLOW3_PACKAGES:
            if name == package or name.startswith(f"{package}."):
                return Semantics.AIRFLOW3, f"the file imports `{name}`"
    for name in imports:
        if name == "airflow" or name.startswith("airflow."):
            return Semantics.AIRFLOW2, f"the file imports `{name}` and nothing of `airflow.sdk`"
    return Semantics.AIRFLOW3, "the file imports neither `airflow` nor `windward` itself"


def imports_of(source: str | bytes) -> tuple[str, ...]:
    """Return the modules that a file imports anywhere, sorted: `from a.b import c` as `a.b`, and as `a.b.c` of airflow.

    Imports for type checkers only (`if TYPE_CHECKING:`) do not count. A file that does not parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    finder = _Finder()
    finder.visit(tree)
    return tuple(sorted(finder.found))


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        self.found.add(node.module)
        if node.module == "airflow":
            # `from airflow import sdk` is as good as `import airflow.sdk`.
            self.found |= {f"airflow.{alias.name}" for alias in node.names if alias.name == "sdk"}

    def visit_If(self, node: ast.If) -> None:
        name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", "")
        for child in node.orelse if name == "TYPE_CHECKING" else (*node.body, *node.orelse):
            self.visit(child)


def _named(value: Any, *, where: str) -> Semantics:
    try:
        return Semantics(str(getattr(value, "value", value)))
    except ValueError as error:
        raise UserError(f"{where} is `{value}`", hint="Use `airflow2` or `airflow3`.") from error
