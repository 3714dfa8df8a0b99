"""Make modules of the tables: finders for `airflow.*`, and the names of the modules that they find.

A module made here holds nothing until a name is asked for; then the target is imported and kept.
Airflow's own modules are found before any file, so that a folder named `airflow` in somebody's checkout hides none.
Below `airflow.providers` a file wins: a provider package installed beside us serves itself, the standard ones too;
the tables serve what is not installed.
What may not live here: names (they are in `_names`).
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from airflow import _tables
from airflow._tables import Entry, Kind

_PREFIX = "airflow."
_PROVIDERS = "airflow.providers."


class NameNotAvailableError(ImportError):
    """Airflow has this name, Windward does not have it here; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str, name: str) -> None:
        super().__init__(f"{message}\n\nhint: {hint}", name=name)
        self.message = message
        self.hint = hint


class CoreFinder:
    """Finds Airflow's own modules, before any file."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the tables, or None."""
        del target
        if not fullname.startswith(_PREFIX) or fullname.startswith(_PROVIDERS):
            return None
        return _spec(fullname, path) if fullname != _PROVIDERS[:-1] else None


class ProviderFinder:
    """Finds modules of providers that are not installed, after all files."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the tables, or None."""
        del target
        return _spec(fullname, path) if fullname.startswith(_PROVIDERS[:-1]) else None


class TableLoader:
    """Makes the modules that the finders found."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module object to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its names, each to be fetched when it is asked for."""
        name = module.__name__
        module.__doc__ = f"Names of Airflow's `{name}`, served by Windward."
        module.__dict__.update(
            __all__=_public(name),
            __getattr__=lambda attribute_name: attribute(name, attribute_name),
            __dir__=lambda: listing(name),
        )


def install() -> None:
    """Put the finders into their places, once."""
    if CoreFinder not in sys.meta_path:
        sys.meta_path.insert(0, CoreFinder)
        sys.meta_path.append(ProviderFinder)


def _spec(fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
    named = _tables.module(fullname)
    if named is None:
        return None
    # Not a subclass of `importlib.abc.Loader`, whose import costs more than all of this package.
    loader: Any = TableLoader()
    spec = ModuleSpec(fullname, loader, origin="windward-airflow", is_package=named.is_package)
    if named.is_package:
        # What others keep in a folder of that name stays importable below the module that we make.
        last = fullname.rpartition(".")[2]
        folders = (os.path.join(folder, last) for folder in path or ())  # noqa: PTH118 - the type of `__path__`
        spec.submodule_search_locations = [folder for folder in folders if os.path.isdir(folder)]  # noqa: PTH112
    return spec


def attribute(module_name: str, name: str) -> Any:
    """Return what `name` of a module stands for: an entry of its table, or a submodule.

    Raises:
        AttributeError: the tables do not know the name.
        NameNotAvailableError: they know it, and it is not to be had here.
    """
    named = _tables.module(module_name)
    entry = named.entry(name) if named is not None else None
    if entry is None:
        return _submodule(module_name, name)
    full_name = f"{module_name}.{name}"
    if entry.kind is Kind.LATER:
        raise NameNotAvailableError(
            f"`{full_name}` exists in Airflow, and not yet in this version of Windward",
            hint=entry.advice or "Leave it out, or ask for it where Windward is developed.",
            name=module_name,
        )
    value = _fetch(full_name, entry)
    if entry.kind is Kind.DEPRECATED:
        _warn(full_name, entry.advice)
    sys.modules[module_name].__dict__[name] = value
    return value


def listing(module_name: str) -> list[str]:
    """Return what `dir()` shows: what the module holds, and what it could fetch."""
    return sorted({*sys.modules[module_name].__dict__, *_public(module_name)})


def _public(module_name: str) -> list[str]:
    named = _tables.module(module_name)
    if named is None:
        return []
    return [
        name
        for name in named.names
        if not name.startswith("_") and (entry := named.entry(name)) and entry.kind is not Kind.LATER
    ]


def _submodule(module_name: str, name: str) -> ModuleType:
    full_name = f"{module_name}.{name}"
    if _tables.module(full_name) is None:
        raise AttributeError(f"module `{module_name}` has no attribute `{name}`", name=name)
    return importlib.import_module(full_name)


def _fetch(full_name: str, entry: Entry) -> Any:
    module_name, _, path = entry.target.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
        for part in path.split(".") if path else ():
            value = getattr(value, part)
    except (ModuleNotFoundError, AttributeError) as error:
        if not (module_name.startswith(_PROVIDERS) and (error.name or "").startswith(_PROVIDERS)):
            raise
        distribution = _distribution(module_name)
        raise NameNotAvailableError(
            f"`{full_name}` is `{entry.target.replace(':', '.')}` of a provider that is not installed",
            hint=f"Install `{distribution}` without `apache-airflow`: write the line `apache-airflow ; "
            f"sys_platform == 'never'` into a file and run `uv pip install --override FILE {distribution}`.",
            name=module_name,
        ) from error
    return value


_FAMILIES = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "microsoft"})
"""Providers whose names have two parts: `apache.spark`."""


def _distribution(module_name: str) -> str:
    parts = module_name.removeprefix(_PROVIDERS).split(".")
    return "-".join(["apache-airflow-providers", *parts[: 2 if parts[0] in _FAMILIES else 1]])


def _warn(full_name: str, replacement: str) -> None:
    from windward.sdk.exceptions import RemovedInAirflow3Warning

    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at the stack cheaply
    while frame.f_back is not None and frame.f_globals.get("__name__") in _MACHINERY:
        frame = frame.f_back
    warnings.warn_explicit(
        f"`{full_name}` is deprecated; use `{replacement}`",
        RemovedInAirflow3Warning,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


_MACHINERY = frozenset(
    {__name__, "airflow", "importlib", "importlib._bootstrap", "importlib._bootstrap_external"}
)
"""Whose frames stand between the author's line and this module."""
