"""`Variable`: deployment-wide values by key, from a secrets backend, the environment or the store, in this order."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from windward import errors
from windward.protocol.calls import (
    Call,
    DeleteVariable,
    GetVariable,
    KeysAnswer,
    ListVariables,
    Refused,
    SetVariable,
    VariableAnswer,
)
from windward.sdk import bridge, secrets
from windward.sdk.exceptions import AirflowException, AirflowRuntimeError
from windward.sdk.masking import mask_secret
from windward.sdk.unset import NOTSET, ArgNotSet

ENVIRONMENT_PREFIXES = ("WINDWARD_VAR_", "AIRFLOW_VAR_")


class VariableNotFoundError(AirflowRuntimeError, errors.NotFoundError, KeyError):
    """A variable that does not exist: a `KeyError` as in 2.x, an `AirflowRuntimeError` as in 3.x."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Variable `{key}` does not exist\n\nhint: Set it by `windward variables set {key} VALUE`, by the "
            f"environment variable `AIRFLOW_VAR_{key.upper()}`, or give `Variable.get` a default."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class Variable:
    """A variable; the class methods read and write the deployment's."""

    def __init__(
        self, key: str | None = None, value: Any = None, description: str | None = None, *, val: Any = None
    ) -> None:
        """Accept `val`, the name of the value in 2.x."""
        self.key = key
        self.value = value if val is None else val
        self.description = description
        self.is_encrypted = True

    @property
    def val(self) -> Any:
        """The value, by its name in 2.x."""
        return self.value

    @val.setter
    def val(self, value: Any) -> None:
        self.value = value

    def get_val(self) -> Any:
        """Return the value."""
        return self.value

    def set_val(self, value: Any) -> None:
        """Set the value of this object; `Variable.set` stores it."""
        self.value = value

    def __repr__(self) -> str:
        return f"<Variable {self.key}>"

    @classmethod
    def get(
        cls,
        key: str,
        default: Any = NOTSET,
        deserialize_json: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        *,
        default_var: Any = NOTSET,
    ) -> Any:
        """Return the value, or the default. Raises `VariableNotFoundError` when there is neither."""
        if not isinstance(default_var, ArgNotSet):
            default = default_var
        value = read(key)
        if value is None:
            if isinstance(default, ArgNotSet):
                raise VariableNotFoundError(key)
            return default
        if not deserialize_json:
            mask_secret(value, key)
            return value
        try:
            parsed = json.loads(value)
        except ValueError as error:
            raise AirflowVariableJsonError(key, str(error)) from error
        mask_secret(parsed, key)
        return parsed

    @classmethod
    def set(
        cls,
        key: str,
        value: Any,
        description: str | None = None,
        serialize_json: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        **_session: Any,
    ) -> None:
        """Store the value, as text or as JSON."""
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        mask_secret(text, key)
        _done(SetVariable(key=key, value=text, description=description))

    @classmethod
    def update(
        cls,
        key: str,
        value: Any,
        serialize_json: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        **_session: Any,
    ) -> None:
        """Store another value for a variable that exists. Raises `VariableNotFoundError`."""
        if read(key) is None:
            raise VariableNotFoundError(key)
        cls.set(key, value, serialize_json=serialize_json)

    @classmethod
    def setdefault(
        cls,
        key: str,
        default: Any,
        description: str | None = None,
        deserialize_json: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
    ) -> Any:
        """Return the value, and store the default first when there is none."""
        value = cls.get(key, None, deserialize_json)
        if value is not None:
            return value
        if default is None:
            raise ValueError(f"the default of variable `{key}` is None; give it a value")
        cls.set(key, default, description, serialize_json=deserialize_json)
        return default

    @classmethod
    def keys(cls, prefix: str | None = None) -> list[str]:
        """Return the keys of the variables in the store that begin with `prefix`, sorted."""
        call = ListVariables(prefix=prefix or "")
        answer = bridge.current_bridge(purpose="listing variables").call(call)
        _check(answer, f"{prefix or ''}*")
        return list(answer.keys) if isinstance(answer, KeysAnswer) else []

    @classmethod
    def delete(cls, key: str, **_session: Any) -> int:
        """Delete the variable from the store and return how many there were."""
        answer = bridge.current_bridge(purpose=f"deleting variable `{key}`").call(DeleteVariable(key=key))
        if isinstance(answer, Refused) and answer.code == "not_found":
            return 0
        _check(answer, key)
        return 1

    @classmethod
    def get_variable_from_secrets(cls, key: str, **_session: Any) -> str | None:
        """Return the text of the value, or None."""
        return read(key)


class AirflowVariableJsonError(AirflowException, ValueError):
    """A variable that should be JSON and is not."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"variable `{key}` is not JSON: {problem}")
        self.key = key


def read(key: str) -> str | None:
    """Return the text of a variable from the first place that has it: secrets backend, environment, store."""
    ways: tuple[Callable[[str], str | None], ...] = (secrets.read_variable, from_environment, from_store)
    return next((value for way in ways if (value := way(key)) is not None), None)


def from_environment(key: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the text of a variable from environment variables, or None."""
    names = (prefix + key.upper() for prefix in ENVIRONMENT_PREFIXES)
    return next((environ[name] for name in names if name in environ), None)


def from_store(key: str) -> str | None:
    """Return the text of a variable from the store, or None."""
    answer = bridge.current_bridge(purpose=f"variable `{key}`").call(GetVariable(key=key))
    if isinstance(answer, VariableAnswer):
        return answer.value
    if isinstance(answer, Refused) and answer.code == "not_found":
        return None
    _check(answer, key)
    return None


def _done(call: Call) -> None:
    key = getattr(call, "key", "")
    _check(bridge.current_bridge(purpose=f"variable `{key}`").call(call), key)


def _check(answer: Any, key: str) -> None:
    if isinstance(answer, Refused):
        raise AirflowException(f"variable `{key}`: {answer.message}")
