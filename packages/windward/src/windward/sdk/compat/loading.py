"""Airflow's functions that import by path (`airflow.utils.module_loading`)."""

from __future__ import annotations

import functools
import hashlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def import_string(dotted_path: str) -> Any:
    """Return the attribute of a module that `package.module.name` says; raise `ImportError` when there is none."""
    module_path, _, name = dotted_path.rpartition(".")
    if not module_path:
        raise ImportError(f"`{dotted_path}` is no path of a module's attribute")
    module = import_module(module_path)
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise ImportError(f"the module `{module_path}` has no `{name}`") from error


def qualname(o: object | Callable[..., Any], use_qualname: bool = False) -> str:  # noqa: FBT001, FBT002 - Airflow's
    """Return the import path of a class, a function, or an instance's class."""
    if isinstance(o, functools.partial):
        return qualname(o.func)
    named = o if hasattr(o, "__qualname__") and hasattr(o, "__module__") else type(o)
    name = getattr(named, "__qualname__" if use_qualname or callable(o) else "__name__")
    return f"{named.__module__}.{name}" if named.__module__ not in {None, "builtins"} else str(name)


def is_valid_dotpath(path: str) -> bool:
    """True for names divided by dots."""
    return isinstance(path, str) and all(part.isidentifier() for part in path.split("."))


def iter_namespace(ns: ModuleType) -> Iterator[pkgutil.ModuleInfo]:
    """Return the modules of a package."""
    return pkgutil.iter_modules(ns.__path__, ns.__name__ + ".")


def get_unique_dag_module_name(file_path: str) -> str:
    """Return a module name for a DAG file, by which two files of one name in two folders differ."""
    digest = hashlib.sha1(file_path.encode(), usedforsecurity=False).hexdigest()
    return f"unusual_prefix_{digest}_{re.sub(r'[.-]', '_', Path(file_path).stem)}"
