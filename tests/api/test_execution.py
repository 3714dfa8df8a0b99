"""What workers of other machines are served with; the test plays the scheduler."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, run_of, step
from windward.api.execution.tokens import AttemptClaims, AttemptTokens
from windward.api.services import Services
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey
from windward.model.states import RunType, Semantics
from windward.protocol.calls import Call, GetVariable, SetXCom
from windward.protocol.messages import AttemptEnded, Hello, StartGranted, StartRefused, StartRequest, Submit
from windward.protocol.outcomes import Ending, ExitFact, Skipped, Succeeded, XComPut, XComValue
from windward.protocol.work import AttemptRef, RunContext, Submission, TaskContext
from windward.store.sql.open import SqlStore

REF = AttemptRef(1, "load", -1, 1)
HELLO = {"host_id": "h", "hostname": "there", "pid": 1, "capacity": 4}
LOG = "dag_id=d/run_id=r/task_id=load/attempt=1.log"


def token_of(services: Services, *, ref: AttemptRef = REF, age_s: float = 0) -> str:
    claims = AttemptClaims(ref=ref, host_id="h", dag_id="d")
    return services.execution.tokens.make(claims, now=NOW - timedelta(seconds=age_s))


def begin(store: SqlStore) -> None:
    """Have the attempt running."""
    queue(store)
    step(store, TaskKey(1, "load"), TaskEvent.START, owner="h", start_date=NOW)


def queue(store: SqlStore) -> None:
    """Have the attempt made, and not started."""
    store.runs.apply([[create(run_of(run_pk=1, dag_id="d", run_id="r"), "load")]])
    step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=1)


def asked(client: Client, services: Services, call: Call) -> Any:
    """Return what a call of user code is answered."""
    body = msgspec.json.encode({"call": call})
    answer = client.ask("POST", "/execution/v1/attempt/call", body, headers=bearer(token_of(services)))
    assert answer.status == 200, answer.body
    return answer.json["answer"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def letters(store: SqlStore) -> list[Any]:
    return [letter.message for letter in store.remote.load_letters()]


def granted() -> StartGranted:
    run = RunContext(run_pk=1, dag_id="d", run_id="r", run_type=RunType.MANUAL, run_after=NOW)
    context = TaskContext(
        run=run, dag_id="d", task_id="load", map_index=-1, try_number=1, max_tries=0, start_date=NOW,
        semantics=Semantics.AIRFLOW3, log_path=LOG,
    )  # fmt: skip
    return StartGranted(ref=REF, context=context)


def test_a_hello_reaches_the_scheduler(client: Client, store: SqlStore) -> None:
    answer = client.ask("POST", "/execution/v1/hosts", HELLO, role="op")
    assert answer.json == {"lease_s": 30.0, "version": 1}
    assert letters(store) == [Hello(host_id="h", hostname="there", pid=1, capacity=4)]


def test_a_host_of_another_version_is_told_so(client: Client, store: SqlStore) -> None:
    answer = client.ask("POST", "/execution/v1/hosts", HELLO | {"version": 99}, role="op")
    assert answer.status == 422
    assert letters(store) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host_id", ""),
        ("host_id", "n\0ul"),
        ("host_id", "h" * 100_000),
        ("hostname", ""),
        ("hostname", "n\0ul"),
        ("hostname", "h" * 251),
        ("queues", ["default", "n\0ul"]),
        ("capacity", -1),
        ("pid", -1),
        ("kind", "triggerer"),
    ],
)
def test_a_hello_that_no_worker_says_is_refused_with_its_reason(
    client: Client, store: SqlStore, field: str, value: object
) -> None:
    answer = client.ask("POST", "/execution/v1/hosts", HELLO | {field: value}, role="op")
    assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["body", field])
    assert letters(store) == []


def test_a_token_that_cannot_be_renewed_keeps_no_other_from_it(
    client: Client, store: SqlStore, services: Services
) -> None:
    begin(store)
    tokens = ["nonsense", token_of(services, age_s=601), token_of(services)]
    body = {"running": [REF], "renew": tokens}
    answer = client.ask("POST", "/execution/v1/hosts/h/heartbeat", msgspec.json.encode(body), role="op")
    assert answer.status == 200
    assert [token is None for token in answer.json["renewed"]] == [True, True, False]


def test_mail_brings_a_token_for_each_attempt_and_goes_when_it_is_read(
    client: Client, store: SqlStore, services: Services
) -> None:
    work = Submission(ref=REF, dag_id="d", fileloc="d.py", code_hash="x")
    store.remote.put_mail(
        [("h", StartRefused(ref=REF, reason="not for the mail")), ("h", Submit(work=(work,)))]
    )
    [item] = client.ask("GET", "/execution/v1/hosts/h/mail", role="op").json["items"]
    assert item["message"]["work"][0]["dag_id"] == "d"
    claims = services.execution.tokens.read(item["tokens"][0], now=NOW)
    assert claims == AttemptClaims(ref=REF, host_id="h", dag_id="d")
    client.ask("POST", "/execution/v1/hosts/h/mail/read", {"mail_pks": [item["mail_pk"]]}, role="op")
    assert client.ask("GET", "/execution/v1/hosts/h/mail", role="op").json == {"items": []}


def test_a_start_is_granted_by_the_scheduler(client: Client, store: SqlStore, services: Services) -> None:
    store.remote.put_mail([("h", granted())])
    answer = client.ask("POST", "/execution/v1/attempt/start", headers=bearer(token_of(services)))
    assert answer.status == 200
    assert msgspec.json.decode(answer.body, type=StartGranted) == granted()
    assert letters(store) == [StartRequest(refs=(REF,))]
    assert store.remote.load_mail("h") == []


def test_a_start_that_was_granted_elsewhere_is_a_conflict(
    client: Client, store: SqlStore, services: Services
) -> None:
    store.remote.put_mail([("h", StartRefused(ref=REF, reason="the instance is running"))])
    answer = client.ask("POST", "/execution/v1/attempt/start", headers=bearer(token_of(services)))
    assert (answer.status, answer.json["detail"]) == (409, "the instance is running")


def test_a_start_that_nobody_answers_may_be_asked_for_again(client: Client, services: Services) -> None:
    answer = client.ask("POST", "/execution/v1/attempt/start", headers=bearer(token_of(services)))
    assert answer.status == 503
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("path", ["start", "call", "end", "log?path=x&offset=0"])
def test_only_the_token_of_an_attempt_opens_an_attempt(client: Client, services: Services, path: str) -> None:
    other_key = AttemptTokens("another key").make(AttemptClaims(ref=REF, host_id="h", dag_id="d"), now=NOW)
    for headers in ({}, bearer("nonsense"), bearer(other_key), bearer(token_of(services, age_s=601))):
        answer = client.ask("POST", f"/execution/v1/attempt/{path}", {}, headers=headers)
        assert answer.status == 401
    assert client.ask("POST", f"/execution/v1/attempt/{path}", {}, role="admin").status == 401


def test_the_token_of_an_attempt_opens_nothing_else(client: Client, services: Services) -> None:
    for path in ("/api/v2/pools", "/execution/v1/hosts/h/mail"):
        assert client.ask("GET", path, headers=bearer(token_of(services))).status == 401


def test_an_ending_is_safe_when_it_was_taken_and_large_values_are_put_away(
    client: Client, store: SqlStore, services: Services
) -> None:
    xcoms = tuple(
        XComPut(key=key, value=XComValue(encoding="json", data=data, size_bytes=len(data)))
        for key, data in (("small", b"1"), ("large", b"9" * 5000))
    )
    ending = Ending(outcome=Succeeded(xcoms=xcoms), exit=ExitFact(kind="exit"), at=NOW)
    body = msgspec.json.encode({"ending": ending})
    answer = client.ask("POST", "/execution/v1/attempt/end", body, headers=bearer(token_of(services)))
    assert answer.status == 204
    [letter] = letters(store)
    assert isinstance(letter, AttemptEnded)
    assert isinstance(letter.ending.outcome, Succeeded)
    small, large = (put.value for put in letter.ending.outcome.xcoms)
    assert (small.data, small.location) == (b"1", None)
    assert large.data is None
    assert large.location is not None
    assert services.execution.values.get(large.location) == b"9" * 5000


@pytest.mark.parametrize(
    "value",
    [
        XComValue(encoding="json", data=b"{nope"),
        XComValue(encoding="json", data=b'"\xff"'),
        XComValue(encoding="tagged", data=b"[" * 100_000),
        XComValue(encoding="json"),
        XComValue(encoding="json", location="file:///etc/passwd"),
        XComValue(encoding="pickle", data=b"x", location="file:///etc/passwd"),
    ],
)
def test_a_value_comes_whole_and_as_what_it_is_said_to_be(
    client: Client, store: SqlStore, services: Services, value: XComValue
) -> None:
    begin(store)
    assert asked(client, services, SetXCom(key="k", value=value))["code"] == "invalid"
    assert store.xcoms.get_xcom("d", "r", "k", task_id="load", map_index=-1) is None

    outcome = Succeeded(xcoms=(XComPut(key="k", value=value),))
    body = msgspec.json.encode({"ending": Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=NOW)})
    answer = client.ask("POST", "/execution/v1/attempt/end", body, headers=bearer(token_of(services)))
    assert answer.status == 422
    assert letters(store) == []


def test_an_attempt_that_was_never_started_may_ask_nothing(
    client: Client, store: SqlStore, services: Services
) -> None:
    queue(store)
    value = XComValue(encoding="json", data=b"1", size_bytes=1)
    assert asked(client, services, SetXCom(key="k", value=value))["code"] == "stale"
    assert store.xcoms.get_xcom("d", "r", "k", task_id="load", map_index=-1) is None


def test_an_attempt_whose_end_has_just_come_may_ask(
    client: Client, store: SqlStore, services: Services
) -> None:
    begin(store)
    step(store, TaskKey(1, "load"), TaskEvent.SUCCEED, end_date=NOW)
    assert asked(client, services, GetVariable(key="x")) == {"type": "variable", "value": None}


def test_calls_of_an_attempt_that_is_not_the_current_one_are_stale(
    client: Client, services: Services
) -> None:
    body = {"call": {"type": "get_variable", "key": "secret"}}
    answer = client.ask("POST", "/execution/v1/attempt/call", body, headers=bearer(token_of(services)))
    assert answer.json["answer"]["code"] == "stale"


def test_a_log_is_written_once_however_often_it_is_sent(
    client: Client, store: SqlStore, services: Services
) -> None:
    store.runs.apply([[create(run_of(run_pk=1, dag_id="d", run_id="r"), "load")]])

    def send(offset: int, data: bytes, path: str = LOG) -> tuple[int, Any]:
        answer = client.ask(
            "POST", f"/execution/v1/attempt/log?path={path}&offset={offset}", data,
            headers=bearer(token_of(services)) | {"content-type": "application/octet-stream"},
        )  # fmt: skip
        return answer.status, answer.json

    assert send(0, b"one\n") == (200, {"size": 4})
    assert send(0, b"one\ntwo\n") == (200, {"size": 8})
    assert send(4, b"two\n") == (200, {"size": 8})
    assert send(99, b"x")[0] == 409
    assert send(-1, b"x")[0] == 422
    assert services.execution.logs.read(LOG)[0] == b"one\ntwo\n"
    for path in ("dag_id=d/run_id=r/task_id=other/attempt=1.log", "dag_id=e/run_id=r/task_id=load/attempt=1.log",
                 "dag_id=d/run_id=q/task_id=load/x", "dag_id=d/run_id=r/task_id=load/../../x", "/etc/passwd"):  # fmt: skip
        assert send(0, b"x", path)[0] == 422


def test_code_is_served_file_by_file_and_nothing_beside_it(
    client: Client, services: Services, tmp_path: Any
) -> None:
    code_hash = services.execution.code.save(tmp_path, {"a.py": b"x = 1\n", "lib/b.py": b""})
    files = client.ask("GET", f"/execution/v1/code/{code_hash}", role="op").json["files"]
    assert set(files) == {"a.py", "lib/b.py"}
    path = f"/execution/v1/code/{code_hash}/file?path="
    assert client.ask("GET", f"{path}a.py", role="op").body == b"x = 1\n"
    for other in ("../a.py", "/etc/passwd", "lib"):
        assert client.ask("GET", path + other, role="op").status == 404
    assert client.ask("GET", "/execution/v1/code/..", role="op").status == 404


def test_skipped_is_an_ending_too() -> None:
    ending = Ending(outcome=Skipped(), exit=ExitFact(kind="exit"), at=NOW)
    assert msgspec.json.decode(msgspec.json.encode(ending), type=Ending) == ending
