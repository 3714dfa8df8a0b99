"""The `airflow` import names, served by Windward.

Importing this package makes its submodules importable and loads nothing else: names come from the tables in `_names`
when they are used. Real files win over the tables, so provider packages installed beside us serve themselves.
What may not live here: logic of tasks and DAGs, which is all in `windward`.
"""

from __future__ import annotations

from pkgutil import extend_path
from typing import Any

__path__ = extend_path(__path__, __name__)

from airflow import _finder, _rival
from airflow.version import version as __version__

_rival.refuse(__path__)
_finder.install()


def __getattr__(name: str) -> Any:
    return _finder.attribute(__name__, name)


def __dir__() -> list[str]:
    return _finder.listing(__name__)


__all__ = ["DAG", "XComArg", "__version__"]
