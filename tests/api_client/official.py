"""What the official client says of the API: its operations, their parameters, bodies and answers.

Read from the installed package by calling each of its methods with a recorder in place of a connection: no copy of a
specification can grow old here.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import airflow_client.client.api
import airflow_client.client.models
from pydantic import BaseModel


class Given(str):
    """Stands for any argument, a member of an enumeration among them."""

    __slots__ = ()

    @property
    def value(self) -> "Given":
        return self


GIVEN = Given("given")
MODELS = airflow_client.client.models


@dataclass(frozen=True, kw_only=True)
class Official:
    """One method of one of the client's classes."""

    api: type[Any]
    name: str
    method: str
    path: str
    path_names: frozenset[str]
    query_names: frozenset[str]
    header_names: frozenset[str]
    body: Any
    """The type of the body, None when it takes none."""
    replies: dict[str, str | None]
    """Names of the types of its answers, by status."""

    @property
    def label(self) -> str:
        """Its class and name, as tests name it."""
        return f"{self.api.__name__}.{self.name}"

    @property
    def good(self) -> tuple[str, str | None]:
        """The status and the type of the answer when all is well."""
        return next((status, kind) for status, kind in self.replies.items() if status.startswith("2"))


class Recorder:
    """Stands in for the client's connection: remembers what it would have sent, and how it would have read the answer."""

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}
        self.replies: dict[str, str | None] = {}

    def select_header_accept(self, kinds: list[str]) -> str:
        return kinds[0]

    def select_header_content_type(self, kinds: list[str]) -> str:
        return kinds[0]

    def param_serialize(self, **sent: Any) -> tuple[()]:
        self.sent = sent
        return ()

    def call_api(self, *_sent: Any, **_more: Any) -> Any:
        return SimpleNamespace(read=lambda: None)

    def response_deserialize(self, *, response_data: Any, response_types_map: dict[str, str | None]) -> Any:
        self.replies = response_types_map
        return SimpleNamespace(data=None)


def classes() -> Iterator[type[Any]]:
    """Yield the client's classes."""
    for found in pkgutil.iter_modules(airflow_client.client.api.__path__):
        module = importlib.import_module(f"airflow_client.client.api.{found.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                yield kind


def _official(api: type[Any], name: str) -> Official:
    recorder = Recorder()
    method = inspect.unwrap(getattr(api, name))
    parameters = [
        one for one in inspect.signature(method).parameters if one != "self" and not one.startswith("_")
    ]
    method(api(recorder), **dict.fromkeys(parameters, GIVEN))
    sent = recorder.sent
    headers = {one for one, value in sent["header_params"].items() if value is GIVEN}
    body = None
    if sent["body"] is not None:
        names = {*sent["path_params"], *(one for one, _ in sent["query_params"])}
        hints = typing.get_type_hints(method)
        (body,) = [
            hints[one]
            for one in parameters
            if one not in names and one not in {x.lower().replace("-", "_") for x in headers}
        ]
    return Official(
        api=api,
        name=name,
        method=sent["method"],
        path=sent["resource_path"],
        path_names=frozenset(sent["path_params"]),
        query_names=frozenset(one for one, _ in sent["query_params"]),
        header_names=frozenset(headers),
        body=body,
        replies=recorder.replies,
    )


@cache
def operations() -> tuple[Official, ...]:
    """Return all methods of all classes; an operation with two tags stands in two classes."""
    suffix = "_serialize"
    return tuple(
        _official(api, name[1 : -len(suffix)])
        for api in classes()
        for name in vars(api)
        if name.endswith(suffix)
    )


def model_of(name: str) -> type[BaseModel]:
    """Return a model of the client by its name."""
    found = getattr(MODELS, name)
    assert issubclass(found, BaseModel)
    return typing.cast("type[BaseModel]", found)
