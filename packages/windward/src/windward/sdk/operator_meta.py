"""How operators are built: the metaclass that wraps every `__init__` of every operator class.

It fills arguments from `default_args` (the operator's own over the groups' over the DAG's), checks that required ones
are there, and links what template fields refer to. Provider classes rely on each of these steps.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABCMeta
from collections.abc import Callable
from typing import Any

from windward.sdk import scopes
from windward.sdk.exceptions import AirflowException

_BUILDING = "_defaults_in_force"


class BaseOperatorMeta(ABCMeta):
    """The metaclass of operators."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        """Make the class with its own `__init__` wrapped."""
        if "__init__" in namespace:
            namespace["__init__"] = _wrap(namespace["__init__"])
        return super().__new__(mcls, name, bases, namespace, **kwargs)


def parameter_names(cls: type) -> frozenset[str]:
    """Return every argument that building `cls` takes, those passed on through `**kwargs` included."""
    found: set[str] = set()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        own = getattr(init, "own_parameters", None)
        if own is None:
            continue
        found |= own
    return frozenset(found)


def merged_defaults(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the default arguments in force for a task with `kwargs`: its own over its groups' over its DAG's."""
    group = kwargs.get("task_group")
    dag = kwargs.get("dag")
    if dag is None:
        dag = group.dag if group is not None else scopes.current_dag()
    if group is None and dag is not None:
        group = scopes.current_group(dag)
    own = kwargs.get("default_args")
    if own is not None and not isinstance(own, dict):
        raise TypeError(
            f"`default_args` is a `{type(own).__name__}`; give a dict of argument names and values"
        )
    merged: dict[str, Any] = {}
    if dag is not None:
        merged.update(dag.default_args)
    if group is not None:
        merged.update(group.default_args)
    if own:
        merged.update(own)
    params = [
        layer["params"] for layer in (group.default_args if group else {}, own or {}) if layer.get("params")
    ]
    if params or kwargs.get("params"):
        kwargs["params"] = {
            key: value
            for layer in (*params, kwargs.get("params") or {})
            for key, value in _raw(layer).items()
        }
    merged.pop("params", None)
    return merged


def _raw(params: Any) -> dict[str, Any]:
    """Return params without resolving them to plain values."""
    return params.raw() if hasattr(params, "raw") else dict(params)


def _wrap(init: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(init)
    parameters = [p for name, p in list(signature.parameters.items())[1:]]
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    own = frozenset(p.name for p in named)
    required = frozenset(p.name for p in named if p.default is p.empty)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes the class's `__init__`
        if args:
            raise AirflowTypeError("Use keyword arguments when initializing operators")
        attributes = self.__dict__
        defaults = attributes.get(_BUILDING)
        outermost = defaults is None
        if outermost:
            if kwargs.pop("_airflow_from_mapped", False):
                attributes["_from_mapped"] = True
                defaults = {}
            else:
                defaults = merged_defaults(kwargs)
            attributes[_BUILDING] = defaults
        for name in defaults:
            if name in own and name not in kwargs:
                kwargs[name] = defaults[name]
        if not required <= kwargs.keys():
            raise _missing(sorted(required - kwargs.keys()), type(self), kwargs)
        init(self, **kwargs)
        if outermost:
            del attributes[_BUILDING]
            attributes["_is_built"] = True
            if "_from_mapped" not in attributes:
                self._link_template_fields()

    __init__.own_parameters = own  # type: ignore[attr-defined]
    return __init__


class AirflowTypeError(AirflowException, TypeError):
    """Arguments that do not fit: a TypeError, as in Python, and an `AirflowException`, as in Airflow 2."""


def _missing(names: list[str], cls: type, kwargs: dict[str, Any]) -> AirflowTypeError:
    plural = "s" if len(names) > 1 else ""
    listed = ", ".join(repr(name) for name in names)
    where = f" (task_id: {kwargs['task_id']})" if "task_id" in kwargs else ""
    return AirflowTypeError(f"missing keyword argument{plural} {listed} of {cls.__name__}{where}")
