"""Params: values of a run, with a JSON schema each. `Param`, the dict of them, and references from `@dag` functions.

jsonschema is imported when a param with a schema is validated, not before.
"""

from __future__ import annotations

import copy
from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from windward.sdk.exceptions import ParamValidationError
from windward.sdk.resolve import ResolveMixin
from windward.sdk.unset import NOTSET, ArgNotSet, is_arg_set

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

ParamSource = Literal["dag", "task"]


class Param:
    """One param: a default, a description, and the keywords of a JSON schema (`type`, `enum`, `minimum`, …)."""

    __version__: ClassVar[int] = 1

    def __init__(
        self,
        default: Any = NOTSET,
        description: str | None = None,
        source: ParamSource | None = None,
        **kwargs: Any,
    ) -> None:
        if is_arg_set(default):
            _check_json(default, what="the default of a param")
        self.value = default
        self.description = description
        self.schema: dict[str, Any] = kwargs.pop("schema") if "schema" in kwargs else kwargs
        self.source = source

    def __copy__(self) -> Param:
        return Param(self.value, self.description, self.source, schema=self.schema)

    @property
    def has_value(self) -> bool:
        """True when there is a value other than None to use when nobody gives one."""
        return is_arg_set(self.value) and self.value is not None

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return `value`, or the default, validated; raise `ParamValidationError`, or return None if suppressed."""
        if is_arg_set(value):
            _check_json(value, what="the value of a param")
        final = value if is_arg_set(value) else self.value
        if isinstance(final, ArgNotSet):
            if suppress_exception:
                return None
            raise ParamValidationError("No value passed and Param has no default value")
        try:
            validate(final, self.schema)
        except ParamValidationError:
            if suppress_exception:
                return None
            raise
        self.value = final
        return final

    def dump(self) -> dict[str, Any]:
        """Return the param as a dict, its class by name."""
        found = {
            "value": self.value,
            "description": self.description,
            "schema": self.schema,
            "source": self.source,
        }
        return {"__class": f"{type(self).__module__}.{type(self).__qualname__}", **found}

    def serialize(self) -> dict[str, Any]:
        """Return the param as a dict."""
        return {
            "value": self.value,
            "description": self.description,
            "schema": self.schema,
            "source": self.source,
        }

    @staticmethod
    def deserialize(data: dict[str, Any], version: int = 1) -> Param:
        """Return the param of a dict made by `serialize`."""
        del version
        return Param(data["value"], data["description"], data.get("source"), schema=data["schema"])

    def __repr__(self) -> str:
        return f"Param({self.value!r})"


class ParamsDict(MutableMapping[str, Any]):
    """Params by name: reading gives values, writing validates them."""

    def __init__(self, dict_obj: Mapping[str, Any] | None = None, suppress_exception: bool = False) -> None:  # noqa: FBT001, FBT002 - Airflow's signature
        self._params: dict[str, Param] = {}
        self.suppress_exception = suppress_exception
        source = raw_params(dict_obj) if dict_obj else {}
        for key, value in source.items():
            self._params[_check_name(key)] = copy.copy(value) if isinstance(value, Param) else Param(value)

    def raw(self) -> dict[str, Param]:
        """Return the params themselves by name."""
        return dict(self._params)

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, Param):
            self._params[key] = copy.copy(value)
        elif key in self._params:
            param = copy.copy(self._params[key])
            try:
                param.resolve(value, suppress_exception=self.suppress_exception)
            except ParamValidationError as error:
                raise _named(key, error) from error
            param.value = value
            self._params[key] = param
        else:
            self._params[_check_name(key)] = Param(value)

    def __getitem__(self, key: str) -> Any:
        return copy.copy(self._params[key]).resolve(suppress_exception=self.suppress_exception)

    def get_param(self, key: str) -> Param:
        """Return the param itself."""
        return self._params[key]

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def __len__(self) -> int:
        return len(self._params)

    def __delitem__(self, key: str) -> None:
        del self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __copy__(self) -> ParamsDict:
        return ParamsDict(self._params, self.suppress_exception)

    def __deepcopy__(self, memo: dict[int, Any]) -> ParamsDict:
        new = ParamsDict(suppress_exception=self.suppress_exception)
        new._params = copy.deepcopy(self._params, memo)
        return new

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ParamsDict):
            return self.dump() == other.dump()
        if isinstance(other, dict):
            return self.dump() == other
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr({key: param.value for key, param in self._params.items()})

    def items(self) -> ItemsView[str, Param]:
        """Return names and params, not values: copies keep their schemas."""
        return ItemsView(self._params)

    def values(self) -> ValuesView[Param]:
        """Return the params, not values."""
        return ValuesView(self._params)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set params from other params, a mapping or keywords."""
        for mapping in (*args, kwargs):
            for key, value in (
                raw_params(mapping) if isinstance(mapping, Mapping) else dict(mapping)
            ).items():
                self[key] = value

    def dump(self) -> dict[str, Any]:
        """Return names and values."""
        return {key: copy.copy(param).resolve(suppress_exception=True) for key, param in self._params.items()}

    def validate(self) -> dict[str, Any]:
        """Return names and values; raise `ParamValidationError` that names the param that does not fit."""
        found = {}
        for key, param in self._params.items():
            try:
                found[key] = copy.copy(param).resolve()
            except ParamValidationError as error:
                raise _named(key, error) from error
        return found

    def serialize(self) -> dict[str, Any]:
        """Return names and values."""
        return self.dump()

    @staticmethod
    def filter_params_by_source(params: ParamsDict, source: ParamSource) -> ParamsDict:
        """Return the params that were declared at the DAG or at the task."""
        return ParamsDict({key: param for key, param in params.raw().items() if param.source == source})


class DagParam(ResolveMixin):
    """A reference to a param of the run: what a `@dag` function's arguments are inside of it."""

    def __init__(self, current_dag: DAG, name: str, default: Any = NOTSET) -> None:
        if is_arg_set(default):
            current_dag.params[name] = default
        self._name = name
        self._default = default
        self.current_dag = current_dag

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        """Refer to no task."""
        return iter(())

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the run's value: from its conf, else the default, else from the params."""
        conf = getattr(context.get("dag_run"), "conf", None) or {}
        if self._name in conf:
            return conf[self._name]
        params = context["params"]
        if self._name in params:
            return params[self._name]
        if is_arg_set(self._default):
            return self._default
        raise ParamValidationError(
            f"no value for the param `{self._name}` of DAG `{self.current_dag.dag_id}`",
            hint="Give the run a value in its conf, or the function's argument a default.",
        )

    def serialize(self) -> dict[str, Any]:
        """Return the reference as a dict."""
        return {"dag_id": self.current_dag.dag_id, "name": self._name, "default": self._default}

    def __repr__(self) -> str:
        return f"DagParam({self._name!r})"


def raw_params(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params of a `ParamsDict`, or the values of another mapping, by name."""
    return value.raw() if isinstance(value, ParamsDict) else dict(value)


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    """Raise `ParamValidationError` when `value` does not fit `schema`."""
    if not schema or not _JUDGES.intersection(schema):
        return
    import jsonschema  # slow to import; many DAGs have no params

    checker = jsonschema.Draft202012Validator(dict(schema), format_checker=jsonschema.FormatChecker())
    try:
        checker.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        raise ParamValidationError(
            f"the schema of a param is not valid: {error.message}",
            hint="The keywords of a `Param` are those of JSON Schema 2020-12.",
        ) from error
    problem = jsonschema.exceptions.best_match(checker.iter_errors(value))
    if problem is not None:
        raise ParamValidationError(
            f"{problem.message}", hint="Give the param a value, or a default, that fits its schema."
        )


# Keywords that never refuse a value: descriptions and hints for forms.
_JUDGES = frozenset(
    [
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "items",
        "prefixItems",
        "contains",
        "minContains",
        "maxContains",
        "minItems",
        "maxItems",
        "uniqueItems",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "$ref",
    ]
)


def _named(key: str, error: ParamValidationError) -> ParamValidationError:
    return ParamValidationError(f"Invalid input for param {key}: {error.message}", hint=error.hint)


def _check_name(key: Any) -> str:
    if not isinstance(key, str):
        raise ParamValidationError(f"the name of a param is `{key!r}`", hint="Names of params are text.")
    return key


def _check_json(value: Any, *, what: str) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    import json

    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ParamValidationError(
            f"{what} is a `{type(value).__name__}`, which is no JSON: {error}",
            hint="Use text, numbers, true or false, None, and lists and dicts of them; write dates as text.",
        ) from error
