"""One running server, the official client that talks to it, and a table of what the client does with each operation.

What lives here: the client that remembers what it was answered, and things that several operations need, such as a
run that has ended. What may not: claims about answers, but for those that the client itself makes.
"""

import json
import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from airflow_client.client import ApiClient, Configuration
from airflow_client.client.api.asset_api import AssetApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody
from pydantic import BaseModel

from tests.acceptance.harness import System, wait_for

Api = TypeVar("Api")
Model = TypeVar("Model", bound=BaseModel)
SHOP, RUN = "shop", "first"
"""A run that has ended well, for whoever only looks."""
ENDED = {"success", "failed"}


@dataclass(frozen=True)
class Answered:
    """An operation, and the status that the server answered with."""

    method: str
    path: str
    status: int


class RecordingClient(ApiClient):
    """The official client, which remembers what it asked and what it was answered."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.answered: list[Answered] = []
        self._asked = ("", "")

    def param_serialize(self, method: str, resource_path: str, *given: Any, **more: Any) -> Any:
        self._asked = (method, resource_path)
        return super().param_serialize(method, resource_path, *given, **more)

    def call_api(self, *given: Any, **more: Any) -> Any:
        answer = super().call_api(*given, **more)
        self.answered.append(Answered(*self._asked, answer.status))
        return answer


class World:
    """The server, and ways to it."""

    def __init__(self, system: System) -> None:
        self.system = system
        found = re.search(r"password (\S+)", system.said())
        assert found is not None, system.said()
        self._password = found[1]
        self._numbers = count(1)
        self.client = self.sign_in()

    def sign_in(self) -> RecordingClient:
        """Return a client with a token of its own."""
        body = json.dumps({"username": "admin", "password": self._password}).encode()
        address = self.system.address()
        request = urllib.request.Request(
            f"{address}/auth/token", body, {"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            token = json.load(answer)["access_token"]
        return RecordingClient(Configuration(host=address, access_token=token))

    def api(self, kind: Callable[[Any], Api]) -> Api:
        """Return one of the client's classes, bound to the server."""
        return kind(self.client)

    def name(self, stem: str) -> str:
        """Return a name that nobody has used."""
        return f"{stem}{next(self._numbers)}"

    def run(self, dag_id: str = SHOP, *, state: str | None = "success") -> str:
        """Make a run, and wait until it has a state unless that is None; return its id."""
        runs, run_id = self.api(DagRunApi), self.name("run")
        runs.trigger_dag_run(dag_id, made(TriggerDAGRunPostBody, {"dag_run_id": run_id}))
        if state is not None:
            self.wait(lambda: runs.get_dag_run(dag_id, run_id).state.value == state)
        return run_id

    def wait(self, look: Callable[[], Any]) -> Any:
        """Wait until something is true; return it."""
        return wait_for(look, lambda: f"it never came\n{self.system.said()[-4000:]}")

    def asset(self, name: str = "orders") -> int:
        """Return the id of an asset."""
        return next(
            one.id for one in self.api(AssetApi).get_assets(name_pattern=name).assets if one.name == name
        )


def made(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Return a model of the client from plain fields."""
    found = model.from_dict(dict(fields))  # type: ignore[attr-defined]  # every model of the client has it
    assert isinstance(found, model)
    return found


Exercise = Callable[[World], object]


@dataclass
class Exercises:
    """What to do with each operation, by class and name; functions are named after their operations."""

    table: dict[str, Exercise] = field(default_factory=dict)

    def of(self, *apis: type[Any]) -> Callable[[Exercise], Exercise]:
        """Enter a function into the table."""

        def enter(function: Exercise) -> Exercise:
            for api in apis:
                label = f"{api.__name__}.{function.__name__}"
                assert label not in self.table, f"{label} is there already"
                self.table[label] = function
            return function

        return enter


exercises = Exercises()
