"""`@asset`: a function that writes an asset becomes a DAG of one task, with the asset as its outlet."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from windward.sdk.asset_events import resolved
from windward.sdk.assets import Asset, AssetRef, BaseAsset
from windward.sdk.dag import DAG
from windward.sdk.operators.python import PythonOperator

_NO_INLETS = ("self", "context")
_DAG_ARGUMENTS = frozenset(
    {
        "is_paused_upon_creation", "dag_display_name", "description", "params", "on_success_callback",
        "on_failure_callback", "access_control", "owner_links", "tags", "max_active_runs", "catchup", "start_date",
        "end_date", "default_args", "dagrun_timeout", "fail_fast", "doc_md",
    }
)  # fmt: skip


class AssetTask(PythonOperator):
    """The task of an `@asset`: its function gets the assets that its arguments are named after."""

    def __init__(self, *, definition: Any, **kwargs: Any) -> None:
        self.definition = definition
        super().__init__(python_callable=definition.function, **kwargs)

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments: `self` is the asset, `context` the context, any other name an asset."""
        found: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.python_callable).parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                found[name] = parameter.default
            elif name == "self":
                found[name] = self.definition
            elif name == "context":
                found[name] = context
            else:
                found[name] = resolved(AssetRef(name=name))
        return found

    def execute_callable(self) -> Any:
        """Call the function; `self` may be one of its names."""
        arguments = list(self.op_kwargs.values())
        self.op_args, self.op_kwargs = arguments, {}
        return super().execute_callable()


class AssetDefinition(Asset):
    """An asset together with the function that writes it."""

    function: Callable[..., Any]

    def __repr__(self) -> str:
        return f"AssetDefinition(name={self.name!r}, uri={self.uri!r})"


class MultiAssetDefinition(BaseAsset):
    """Several assets together with the function that writes them."""

    def __init__(self, name: str, function: Callable[..., Any], outlets: Collection[BaseAsset]) -> None:
        self.name = name
        self.function = function
        self.outlets = list(outlets)

    def iter_assets(self) -> Any:
        """Return the assets."""
        for outlet in self.outlets:
            yield from outlet.iter_assets()

    def as_condition(self) -> Any:
        """Return the condition that all of them have been written."""
        from windward.sdk.assets import asset_of_all

        return asset_of_all(self.outlets).as_condition()


class MultiAsset:
    """`@asset.multi(schedule=…, outlets=[…])`."""

    def __init__(self, *, outlets: Collection[BaseAsset], schedule: Any, **options: Any) -> None:
        self._outlets = outlets
        self._schedule = schedule
        self._options = options

    def __call__(self, function: Callable[..., Any]) -> MultiAssetDefinition:
        """Declare the DAG of a function."""
        options = dict(self._options)
        name = options.pop("name", None) or _checked(function)
        definition = MultiAssetDefinition(name, function, self._outlets)
        _declare(name, definition, definition.outlets, schedule=self._schedule, options=options)
        return definition


class asset:  # noqa: N801 - a decorator
    """`@asset(schedule="@daily")`: the function's name is that of the asset, of the DAG, and of its task.

    Arguments of the function are names of assets that it reads, besides `self` (the asset itself) and `context`.
    """

    multi = MultiAsset

    def __init__(
        self,
        *,
        schedule: Any,
        name: str | None = None,
        uri: Any = None,
        group: str = "asset",
        extra: dict[str, Any] | None = None,
        watchers: Collection[Any] | None = None,
        **options: Any,
    ) -> None:
        self._asset = {"name": name, "uri": uri, "group": group, "extra": extra, "watchers": watchers}
        self._schedule = schedule
        self._options = options

    def __call__(self, function: Callable[..., Any]) -> AssetDefinition:
        """Declare the asset and the DAG of a function."""
        declared = {**self._asset, "name": self._asset["name"] or _checked(function)}
        definition = AssetDefinition(**declared)
        definition.function = function
        options = dict(self._options)
        _declare(definition.name, definition, [definition], schedule=self._schedule, options=options)
        return definition


def _checked(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "")
    if not name or name == "<lambda>" or "<locals>" in getattr(function, "__qualname__", ""):
        raise ValueError(
            "@asset decorates a function that is defined at the top of a file, or needs a `name`"
        )
    return str(name)


def _declare(
    name: str, definition: Any, outlets: list[Any], *, schedule: Any, options: dict[str, Any]
) -> DAG:
    unknown = sorted(set(options) - _DAG_ARGUMENTS - {"dag_id"})
    if unknown:
        raise TypeError(f"@asset got an unexpected argument `{unknown[0]}`")
    function = definition.function
    dag_id = options.pop("dag_id", None) or name
    described = {"description": inspect.getdoc(function), **options}
    inlets = [AssetRef(name=one) for one in _inlets_of(function)]
    dag = DAG(dag_id, schedule=schedule, **{"catchup": False, **described})
    if hasattr(function, "__code__"):
        dag.fileloc = function.__code__.co_filename
    with dag:
        AssetTask(task_id=name, definition=definition, inlets=inlets, outlets=outlets)
    return dag


def _inlets_of(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.items()
    return [
        name
        for name, parameter in parameters
        if name not in _NO_INLETS and parameter.default is inspect.Parameter.empty
    ]
