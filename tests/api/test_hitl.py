"""Questions to people over HTTP: reading and answering them."""

import pytest

from tests.api.conftest import NOW, Client, FakeGate, FakeWakeup
from tests.store.building import T0, create, document_of, expand, put_dags, run_of, step, task_in
from windward.core.human_input import decide_ask
from windward.core.transitions import TaskEvent
from windward.document import TaskDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.model.states import TaskState
from windward.model.waits import InputRequest, Person
from windward.protocol.outcomes import AwaitsInput, Ending, ExitFact
from windward.store.sql.open import SqlStore

TASKS = (
    TaskDocument(task_id="ask", operator="HITLOperator"),
    TaskDocument(task_id="each", operator="Approval"),
)
HASH = document_of("sales", tasks=TASKS)[0]
SHIP = InputRequest(
    subject="Ship it?", options=("Yes", "No"), body="Of *today*", defaults=("No",),
    params={"why": {"value": None, "schema": {"type": ["string", "null"]}}},
)  # fmt: skip
OURS = InputRequest(
    subject="Who pays?",
    options=("a", "b", "c"),
    multiple=True,
    assigned_users=(Person(id="user", name="user"),),
)
RUN = "/api/v2/dags/sales/dagRuns/a"
ONE = f"{RUN}/taskInstances/ask/-1/hitlDetails"
EACH = f"{RUN}/taskInstances/each/1/hitlDetails"
ALL = "/api/v2/dags/~/dagRuns/~/hitlDetails"


def ask(store: SqlStore, key: TaskKey, request: InputRequest) -> None:
    step(store, key, TaskEvent.QUEUE, try_number=1)
    step(store, key, TaskEvent.START, owner="h")
    outcome = AwaitsInput(request=request, next_method="go_on", next_kwargs=b"", timeout_s=3600)
    ending = Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=T0)
    assert store.runs.apply([[decide_ask(task_in(store, key), outcome, ending, now=T0)]]).all


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS)
    put_dags(store, "costs", fileloc="costs.py")
    runs = [run_of(1, run_id="a", document_hash=HASH), run_of(2, dag_id="costs", run_id="b")]
    assert store.runs.apply([[create(run, "ask", "each")] for run in runs]).all
    assert store.runs.apply([[expand(1, "each", 2)]]).all
    ask(store, TaskKey(1, "ask"), SHIP)
    ask(store, TaskKey(1, "each", 1), OURS)
    ask(store, TaskKey(2, "ask"), SHIP)
    return client


def asked(client: Client, query: str = "", path: str = ALL, role: str = "viewer") -> str:
    answer = client.ask("GET", path + query, role=role)
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] >= len(answer.json["hitl_details"])
    instances = [one["task_instance"] for one in answer.json["hitl_details"]]
    return " ".join(f"{one['dag_id'][0]}{one['task_id']}{one['map_index']}" for one in instances)


def test_a_question_is_shown_as_airflow_shows_it(filled: Client) -> None:
    shown = filled.ask("GET", ONE, role="viewer").json
    instance = shown.pop("task_instance")
    assert (instance["task_id"], instance["state"], instance["map_index"]) == ("ask", "awaiting_input", -1)
    assert shown == {
        "options": ["Yes", "No"], "subject": "Ship it?", "body": "Of *today*", "defaults": ["No"], "multiple": False,
        "params": {"why": {"value": None, "description": None, "schema": {"type": ["string", "null"]}}},
        "assigned_users": [], "created_at": "2026-03-29T00:30:00.123456Z", "responded_by_user": None,
        "responded_at": None, "chosen_options": None, "params_input": {}, "response_received": False,
    }  # fmt: skip
    past = filled.ask("GET", f"{ONE}/tries/1", role="viewer").json
    assert past.pop("task_instance")["try_number"] == 1
    assert past == shown
    for path in (f"{ONE}/tries/2", ONE.replace("/-1/", "/7/"), f"{RUN}/taskInstances/each/0/hitlDetails"):
        assert filled.ask("GET", path, role="viewer").status == 404


@pytest.mark.parametrize(("query", "expected"), [
    ("", "sask-1 seach1 cask-1"),
    ("?limit=1&offset=1", "seach1"),
    ("?order_by=-subject&order_by=dag_id", "seach1 cask-1 sask-1"),
    ("?order_by=run_after", "sask-1 seach1 cask-1"),
    ("?order_by=-task_instance_operator", "sask-1 seach1 cask-1"),
    ("?dag_id_pattern=COST", "cask-1"),
    ("?dag_id_prefix_pattern=sal", "sask-1 seach1"),
    ("?task_id=each", "seach1"),
    ("?task_id_pattern=EA", "seach1"),
    ("?map_index=1", "seach1"),
    ("?state=awaiting_input&subject_search=ship", "sask-1 cask-1"),
    ("?state=running", ""),
    ("?response_received=true", ""),
    ("?response_received=false&body_search=today", "sask-1 cask-1"),
    ("?created_at_gt=2026-03-29T00:30:01Z", ""),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(filled: Client, query: str, expected: str) -> None:
    assert asked(filled, query) == expected


def test_a_path_names_a_run_or_all(filled: Client) -> None:
    assert asked(filled, path=f"{RUN}/hitlDetails") == "sask-1 seach1"
    assert asked(filled, path="/api/v2/dags/sales/dagRuns/~/hitlDetails") == "sask-1 seach1"
    assert asked(filled, path="/api/v2/dags/~/dagRuns/b/hitlDetails") == "cask-1"


@pytest.mark.parametrize("query", ["?state=tired", "?response_received=maybe", "?created_at_gt=soon"])
def test_what_cannot_be_asked_is_refused(filled: Client, query: str) -> None:
    assert filled.ask("GET", ALL + query, role="viewer").status == 422


def test_questions_of_other_dags_are_not_shown(filled: Client, gate: FakeGate) -> None:
    gate.permissions["sales"] = frozenset(
        {Permission(resource=Resource.HUMAN_INPUT, verb=verb, dag_id="sales") for verb in Verb}
    )
    assert asked(filled, role="sales") == "sask-1 seach1"
    costs = ONE.replace("sales", "costs").replace("/a/", "/b/")
    assert filled.ask("GET", costs, role="sales").status == 403
    assert filled.ask("PATCH", costs, {"chosen_options": ["Yes"]}, role="sales").status == 403


def test_the_first_answer_counts(filled: Client, store: SqlStore, wakeup: FakeWakeup) -> None:
    body = {"chosen_options": ["Yes"], "params_input": {"why": "because"}}
    answer = filled.ask("PATCH", ONE, body, role="user")
    assert answer.status == 200, answer.body
    assert answer.json == {
        "responded_by": {"id": "user", "name": "user"}, "responded_at": "2026-03-01T12:00:00Z", **body,
    }  # fmt: skip
    assert wakeup.count == 1
    (task,) = [one for one in store.runs.load_tasks([1]) if one.task_id == "ask"]
    assert (task.state, task.due_at) != (TaskState.AWAITING_INPUT, None)
    assert task.due_at == NOW
    shown = filled.ask("GET", ONE, role="viewer").json
    assert (shown["chosen_options"], shown["response_received"]) == (["Yes"], True)
    assert shown["responded_by_user"] == {"id": "user", "name": "user"}
    assert filled.ask("PATCH", ONE, body, role="op").status == 409
    assert asked(filled, "?responded_by_user_name=user&responded_by_user_id=user") == "sask-1"
    assert asked(filled, "?responded_by_user_id=use") == ""
    assert asked(filled, "?response_received=true") == "sask-1"


@pytest.mark.parametrize(("path", "body", "status"), [
    (ONE, {"chosen_options": ["Maybe"]}, 400),
    (ONE, {"chosen_options": ["Yes", "No"]}, 400),
    (ONE, {"chosen_options": []}, 422),
    (ONE, {"chosen_options": ["Yes"], "params_input": {"why": 1}}, 400),
    (ONE, {"chosen_options": ["Yes"], "params_input": {"who": "me"}}, 400),
    (EACH.replace("/1/", "/0/"), {"chosen_options": ["a"]}, 404),
    (EACH.replace("/1/", "/9/"), {"chosen_options": ["a"]}, 404),
])  # fmt: skip
def test_what_is_no_answer_is_refused(filled: Client, path: str, body: object, status: int) -> None:
    assert filled.ask("PATCH", path, body, role="admin").status == status
    assert asked(filled, "?response_received=true") == ""


def test_only_who_was_asked_may_answer(filled: Client) -> None:
    answer = filled.ask("PATCH", EACH, {"chosen_options": ["a"]}, role="admin")
    assert answer.status == 403
    assert "user" in answer.json["detail"]
    answer = filled.ask("PATCH", EACH, {"chosen_options": ["a", "c"]}, role="user")
    assert (answer.status, answer.json["chosen_options"]) == (200, ["a", "c"])
