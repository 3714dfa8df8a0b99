"""The contract of leases, signs of life, XComs, secrets and ids, over every store."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from tests.store.building import T0, AnyStore, at, create, put, run_of, step, xcom
from windward.core.actions import AddTasks
from windward.core.transitions import TaskEvent
from windward.errors import ConflictError, SettingsError, UserError
from windward.model.ids import TaskKey
from windward.model.records import HostRecord, PoolRecord, TaskRecord
from windward.ports.hosts import HeldRecord
from windward.store.ids import CountingIds, SnowflakeIds
from windward.store.sql.cipher import Cipher
from windward.store.sql.columns import storable
from windward.store.sql.open import SqlStore, open_store

LOAD = TaskKey(1, "load")


def test_a_lease_is_kept_by_renewal_and_changes_hands_when_it_ends(store: AnyStore) -> None:
    def take(holder: str, now: float, until: float) -> int | None:
        guard = store.leases.take_lease("scheduler", holder, now=at(now), until=at(until))
        return None if guard is None else guard.epoch

    assert take("a", 0, 10) == 1
    assert take("b", 9, 20) is None
    assert take("a", 9, 20) == 1
    assert take("a", 30, 40) == 1, "late, but nobody took it: the epoch is the same"
    assert take("b", 40, 50) == 2
    assert take("a", 41, 60) is None
    guard = store.leases.take_lease("scheduler", "b", now=at(45), until=at(60))
    assert guard is not None
    store.leases.release_lease(guard)
    store.leases.release_lease(guard)
    assert take("b", 46, 60) == 3, "given back and taken again is another epoch"
    assert store.leases.take_lease("other", "z", now=at(0), until=at(1)) is not None


def test_hosts_show_their_last_sign_of_life(store: AnyStore) -> None:
    host = HostRecord(
        host_id="h1", hostname="n", pid=7, queues=("default", "gpu"), capacity=4, lease_until=at(5)
    )
    renewed = HostRecord(
        host_id="h1", hostname="n", pid=7, queues=("default",), capacity=4, lease_until=at(9)
    )
    store.hosts.beat_host(host)
    assert store.hosts.load_hosts() == [host]
    store.hosts.beat_host(renewed)
    assert store.hosts.load_hosts() == [renewed]
    assert store.hosts.set_draining("h1", is_draining=True)
    assert not store.hosts.set_draining("h2", is_draining=True)
    store.hosts.beat_host(renewed)
    assert [found.is_draining for found in store.hosts.load_hosts()] == [True]
    assert [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=9)] == [("host", "h1")]
    store.hosts.delete_host("h1")
    assert store.hosts.load_hosts() == []


def test_a_triggerer_is_known_by_what_it_has_until_it_is_forgotten(store: AnyStore) -> None:
    has = (TaskKey(1, "a"), TaskKey(1, "m", 3))
    for host_id in ("t", "u", "v"):
        store.hosts.beat_host(
            HostRecord(
                host_id=host_id,
                hostname="n",
                pid=7,
                queues=(),
                capacity=4,
                lease_until=at(5),
                kind="triggerer",
            )
        )
        if host_id != "v":
            store.hosts.beat_component("triggerer", host_id, hostname="n", pid=7, now=at(1))
    assert store.hosts.load_held() == []
    for host_id in ("t", "v", "nobody"):
        store.hosts.put_held(host_id, has)
    store.hosts.beat_host(store.hosts.load_hosts()[0])

    expected = HeldRecord(host_id="t", hostname="n", started_at=at(1), last_beat_at=at(1), keys=has)
    assert store.hosts.load_held() == [expected]
    store.hosts.put_held("t", ())
    assert store.hosts.load_held() == [msgspec.structs.replace(expected, keys=())]
    store.hosts.delete_host("t")
    assert store.hosts.load_held() == []


def test_components_show_their_last_sign_of_life(store: AnyStore) -> None:
    for pid, now in ((1, 0), (1, 5), (2, 9)):
        store.hosts.beat_component("scheduler", "s", hostname="n", pid=pid, now=at(now))
        (found,) = store.hosts.load_components()
        started = at(0) if pid == 1 else at(9)
        assert found == {
            "kind": "scheduler", "name": "s", "hostname": "n", "pid": pid, "started_at": started, "last_beat_at": at(now),
        }  # fmt: skip
    store.hosts.forget_component("scheduler", "other")
    assert len(store.hosts.load_components()) == 1
    store.hosts.forget_component("scheduler", "s")
    assert store.hosts.load_components() == []


def _runs_with_values(store: AnyStore) -> None:
    for pk, date in ((1, 10), (2, 20), (3, None)):
        run = run_of(pk, run_after=at(30), logical_date=None if date is None else at(date))
        tasks = [TaskRecord(run_pk=pk, task_id="each", map_index=index) for index in (0, 1, 2)]
        store.runs.apply([[create(run, "load"), AddTasks(run_pk=pk, tasks=tuple(tasks), at=T0)]])
    for pk, task_id, index, text, when in (
        (1, "load", -1, "1 load", 1), (1, "each", 2, "1 each 2", 9), (1, "each", 0, "1 each 0", 2),
        (2, "each", 1, "2 each 1", 3),
    ):  # fmt: skip
        store.xcoms.set_xcom(TaskKey(pk, task_id, index), "k", xcom(text), fence=0, now=at(when))


@pytest.mark.parametrize(
    ("run", "task_id", "map_index", "prior", "wanted"),
    [
        (1, "load", -1, False, "1 load"),
        (1, "each", None, False, "1 each 0"),
        (1, "each", 2, False, "1 each 2"),
        (1, None, None, False, "1 each 2"),
        (1, "none", None, False, None),
        (2, "load", None, False, None),
        (2, "load", None, True, "1 load"),
        (2, "each", None, True, "2 each 1"),
        (2, "each", 0, True, "1 each 0"),
        (3, "each", None, True, "2 each 1"),
        (1, "each", 1, True, None),
        (9, "each", 1, True, None),
    ],
)
def test_a_value_is_found_by_run_task_and_index(
    store: AnyStore, run: int, task_id: str | None, map_index: int | None, prior: bool, wanted: str | None
) -> None:
    _runs_with_values(store)
    found = store.xcoms.get_xcom(
        "sales", f"manual__{run}", "k", task_id=task_id, map_index=map_index, include_prior_dates=prior
    )
    assert found == (None if wanted is None else xcom(wanted))


def test_values_come_in_pages_by_task_and_index(store: AnyStore) -> None:
    _runs_with_values(store)

    def page(run: int, **keywords: Any) -> tuple[list[str], int]:
        asked = {
            "task_ids": ["load", "each"],
            "map_indexes": None,
            "include_prior_dates": False,
            "offset": 0,
            "limit": 9,
        }
        rows, count = store.xcoms.get_xcoms("sales", f"manual__{run}", "k", **{**asked, **keywords})
        assert all(value.preview.startswith(run_id[-1]) for _, _, run_id, value in rows)
        return [value.preview for _, _, _, value in rows], count

    assert page(1) == (["1 each 0", "1 each 2", "1 load"], 3)
    assert page(1, offset=1, limit=1) == (["1 each 2"], 3)
    assert page(1, task_ids=["each"], map_indexes=[2, 5]) == (["1 each 2"], 1)
    assert page(2, include_prior_dates=True) == (["1 each 0", "2 each 1", "1 each 2", "1 load"], 4)
    assert page(1, task_ids=[]) == ([], 0)


def test_a_value_of_another_attempt_is_refused(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    step(store, LOAD, TaskEvent.QUEUE)
    for key, fence in ((LOAD, 0), (LOAD, 2), (TaskKey(1, "none"), 0)):
        with pytest.raises(ConflictError, match=key.task_id):
            store.xcoms.set_xcom(key, "k", xcom("v"), fence=fence, now=T0)
    store.xcoms.set_xcom(LOAD, "k", xcom("v"), fence=1, now=T0)


def test_an_object_is_dead_when_no_value_refers_to_it(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    for place in ("file:///1", "file:///2", "file:///2"):
        store.xcoms.set_xcom(LOAD, "k", xcom("v", location=place), fence=0, now=T0)
    assert store.xcoms.load_dead_objects(limit=9) == ["file:///1"]

    store.xcoms.set_xcom(LOAD, "m", xcom("small"), fence=0, now=T0)
    assert store.xcoms.delete_xcoms(LOAD, "m") == []
    assert store.xcoms.delete_xcoms(LOAD, None) == ["file:///2"]
    assert store.xcoms.load_dead_objects(limit=9) == ["file:///1", "file:///2"]
    store.xcoms.forget_dead_objects(["file:///1", "file:///2"])
    assert store.xcoms.load_dead_objects(limit=9) == []


def test_variables_and_connections_are_kept_and_replaced(store: AnyStore) -> None:
    store.secrets.set_variable("b", "1", description="d")
    store.secrets.set_variable("a", "ü" * 100_000)
    store.secrets.set_variable("b", "")
    assert store.secrets.list_variables() == [("a", "ü" * 100_000, None), ("b", "", None)]
    assert (store.secrets.get_variable("b"), store.secrets.get_variable("B")) == ("", None)
    assert (store.secrets.delete_variable("b"), store.secrets.delete_variable("b")) == (True, False)

    store.secrets.set_connection(
        "db", {"conn_type": "postgres", "password": "sesame", "port": 5432, "schema": "s"}
    )
    store.secrets.set_connection("db", {"conn_type": "mysql", "password": "simsim", "extra": '{"a": 1}'})
    fields = {
        "conn_type": "mysql", "host": None, "schema": None, "login": None, "password": "simsim", "port": None,
        "extra": '{"a": 1}', "description": None,
    }  # fmt: skip
    assert store.secrets.list_connections() == [("db", fields)]
    assert store.secrets.get_connection("db") == fields
    assert store.secrets.get_connection("none") is None
    with pytest.raises(UserError, match="passwd"):
        store.secrets.set_connection("db", {"passwd": "x"})
    assert (store.secrets.delete_connection("db"), store.secrets.delete_connection("db")) == (True, False)


def test_the_default_pool_is_always_there_and_changes_are_told(store: AnyStore) -> None:
    assert [pool.name for pool in store.secrets.load_pools()] == ["default_pool"]
    pool = PoolRecord(name="gpu", slots=2, description="cards", include_deferred=True)
    store.secrets.set_pool(pool)
    assert store.secrets.load_pools()[1] == pool
    assert (store.secrets.delete_pool("gpu"), store.secrets.delete_pool("gpu")) == (True, False)
    with pytest.raises(UserError, match="default_pool"):
        store.secrets.delete_pool("default_pool")
    assert [note.subject for note in store.runs.load_notes(after=0, limit=9)] == ["gpu", "gpu"]


def test_no_secret_stands_in_the_database_in_the_clear(sql_store: SqlStore) -> None:
    sql_store.secrets.set_variable("v", "sesame-1")
    sql_store.secrets.set_connection("c", {"password": "sesame-2", "extra": "sesame-3", "login": "ada"})
    with sql_store.engine.connect() as connection:
        rows = [
            *connection.execute(sa.text("SELECT * FROM variable")),
            *connection.execute(sa.text("SELECT * FROM connection")),
        ]
    assert "sesame" not in str(rows)
    assert "ada" in str(rows)


def test_keys_are_changed_by_adding_renewing_and_removing(open_sql: Callable[[str], SqlStore]) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    url = open_sql("sqlite").engine.url.render_as_string(hide_password=False)
    first = open_store(url, fernet_keys=[old])
    first.secrets.set_variable("v", "1")
    first.secrets.set_connection("c", {"password": "2"})

    both = open_store(url, fernet_keys=[new, old])
    assert both.secrets.get_variable("v") == "1"
    assert both.secrets.renew_secrets() == 2

    only_new = open_store(url, fernet_keys=[new])
    assert only_new.secrets.get_variable("v") == "1"
    with pytest.raises(SettingsError, match="another key"):
        first.secrets.get_variable("v")
    for store in (first, both, only_new):
        store.close()


@pytest.mark.parametrize("keys", [[], ["short"], [Fernet.generate_key().decode(), ""]])
def test_a_key_that_cannot_be_used_is_a_setting_to_correct(keys: list[str]) -> None:
    with pytest.raises(SettingsError, match="key"):
        Cipher(keys)


def test_text_that_no_database_can_hold_does_not_stop_a_batch(sql_store: SqlStore) -> None:
    sql_store.runs.apply([[create(run_of(conf={"x": "\0"}, note="\0"), "load")]])
    value = put("k", "v")
    step(
        sql_store,
        LOAD,
        TaskEvent.QUEUE,
        reason="a\0b\ud800",
        exit_fact="\0",
        map_label="\udfff",
        xcoms=(value,),
    )

    ((_, _, reason),) = sql_store.runs.load_trail(LOAD)
    assert reason.startswith("a")
    assert "\0" not in reason
    assert sql_store.runs.load_runs([1])[0].conf == {"x": "\0"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    assert storable(text) == text


def test_a_trail_that_grows_for_weeks_keeps_its_newest_lines(sql_store: SqlStore) -> None:
    sql_store.runs.apply([[create(run_of(), "load")]])
    for number in range(80):
        step(
            sql_store,
            LOAD,
            TaskEvent.MARK_FAILED if number % 2 else TaskEvent.CLEAR,
            reason=f"{number} " + "x" * 2000,
        )

    trail = sql_store.runs.load_trail(LOAD)
    assert 10 < len(trail) < 40
    assert [int(reason.split()[0]) for _, _, reason in trail] == list(range(80 - len(trail), 80))


def test_ids_grow_and_never_repeat_even_when_the_clock_goes_back() -> None:
    ticks = iter([5, 5, 9, 3, *([9] * 3000), 4, 20])
    make = SnowflakeIds(clock_ms=lambda: 1_704_067_200_000 + next(ticks), process=4095)
    made = [make() for _ in range(3006)]

    assert all(first < second for first, second in pairwise(made))
    assert all(0 < value < 2**63 for value in made)
    assert SnowflakeIds(process=1)() != SnowflakeIds(process=2)()
    counting = CountingIds()
    assert [counting(), counting()] == [1, 2]
