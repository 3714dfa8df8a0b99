"""The contract of accounts, of what is given out to them, and of the audit log, on every database."""

import threading
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from tests.store.building import T0, AnyStore, at
from tests.store.conftest import SQL_PARAMS
from windward.core.throttle import Allowance, refilled
from windward.errors import ConflictError, NotFoundError
from windward.model.access import DagReach, Permission, Resource, Verb
from windward.model.accounts import ApiToken, AuditEvent, Role, Session, Source, User
from windward.ports.accounts import Known
from windward.ports.listings.events import EventFilter
from windward.ports.listings.page import Between, PageRequest, Pattern
from windward.store.sql.open import SqlStore

READ_SALES = Permission(resource=Resource.DAG, verb=Verb.READ, dag_id="sales")
READ_SHOP = Permission(resource=Resource.RUN, verb=Verb.READ, tag="shop")
READ_POOLS = Permission(resource=Resource.POOL, verb=Verb.READ)
EVERYTHING = DagReach(is_all=True)


def user(name: str = "Ada", **fields: object) -> User:
    made = User(
        user_id=f"id-{name.lower()}",
        username=name,
        email="ada@shop.test",
        first_name="Ada \N{SNOWMAN}",
        roles=("op", "viewer"),
        grants=frozenset({READ_SALES, READ_SHOP, READ_POOLS}),
        created_at=T0,
    )
    return msgspec.structs.replace(made, **fields)


def session(name: str, *, expires: float = 100, user_id: str = "id-ada") -> Session:
    return Session(
        session_id=name, user_id=user_id, created_at=T0, expires_at=at(expires), last_seen_at=T0,
        address="::1", user_agent="x" * 999, version=3,
    )  # fmt: skip


def token(name: str, *, expires: float = 100) -> ApiToken:
    return ApiToken(
        token_id=f"t-{name}", user_id="id-ada", name=name, hint="abcd", created_at=T0, expires_at=at(expires),
        scopes=frozenset(
            Permission(resource=resource, verb=verb, **of)
            for resource, verb, of in (
                (Resource.DAG, Verb.READ, {}),
                (Resource.RUN, Verb.CREATE, {"dag_id": "sales.eu"}),
                (Resource.RUN, Verb.READ, {"tag": "shop@eu:x"}),
            )
        ),
    )  # fmt: skip


# -- users


def test_a_user_comes_back_whole_by_id_by_name_and_by_subject(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    ada = user(source=Source.OIDC, subject="https://id.test|7")
    accounts.insert_user(ada, "a hash")
    known = accounts.known(ada.user_id)
    assert known is not None
    assert known.user == ada
    assert known.custom_roles == {}
    assert accounts.known_by_name("aDA") == (known, "a hash")
    assert accounts.known_by_subject("https://id.test|7") == known
    assert accounts.list_users() == [ada]
    assert (accounts.known("x"), accounts.known_by_name("x"), accounts.known_by_subject("")) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize("kind", SQL_PARAMS)
def test_what_another_process_takes_from_somebody_is_gone_at_once(
    kind: str, open_sql: Callable[[str], SqlStore]
) -> None:
    mine, other = open_sql(kind).accounts, open_sql(kind).accounts
    other.insert_user(user(roles=("own",), grants=frozenset()), None)
    other.put_role(Role(name="own", permissions=frozenset({READ_SHOP})), is_new=True)

    def known() -> Known | None:
        other.known("id-ada")
        return mine.known("id-ada")

    first = known()
    assert first is not None
    assert first.custom_roles == {"own": {READ_SHOP}}
    assert mine.known("id-ada") is first  # what was read again is as it was
    other.put_role(Role(name="own", permissions=frozenset({READ_POOLS})), is_new=False)
    found = known()
    assert found is not None
    assert found.custom_roles == {"own": {READ_POOLS}}
    shut_out = user(roles=(), grants=frozenset({READ_SALES}), is_active=False)
    other.replace_user(shut_out, expect=found.user)
    found = known()
    assert found is not None
    assert (found.user.roles, found.user.grants, found.user.is_active) == (
        (),
        frozenset({READ_SALES}),
        False,
    )
    assert other.delete_user("id-ada")
    assert known() is None


@pytest.mark.parametrize("other", [user("ADA", user_id="2"), user("Bob", subject="s")])
def test_a_name_whatever_its_case_and_a_subject_are_taken_once(sql_store: SqlStore, other: User) -> None:
    sql_store.accounts.insert_user(user(subject="s"), None)
    with pytest.raises(ConflictError):
        sql_store.accounts.insert_user(other, None)
    assert sql_store.accounts.count_users() == 1


def test_many_users_have_no_subject(sql_store: SqlStore) -> None:
    for name in ("c", "B", "a"):
        sql_store.accounts.insert_user(user(name), None)
    assert [one.username for one in sql_store.accounts.list_users()] == ["a", "B", "c"]


def test_a_user_is_replaced_as_it_was_seen_and_not_otherwise(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_user(user(), "a hash")
    accounts.insert_user(user("Bob"), None)
    changed = user(roles=("admin",), grants=frozenset(), email="", last_name="L", is_active=False, version=1)
    seen = accounts.list_users()[0]
    accounts.replace_user(changed, expect=seen)
    assert accounts.known_by_name("ada") == (accounts.known("id-ada"), "a hash")
    assert accounts.list_users()[0] == changed
    for wrong, expect in ((user(version=2), seen), (user("Bob", user_id="id-ada"), changed)):
        with pytest.raises(ConflictError):
            accounts.replace_user(wrong, expect=expect)
    accounts.replace_user(changed, expect=changed)  # the same again is no conflict
    assert accounts.list_users()[0] == changed


def test_of_two_who_saw_the_same_user_one_changes_it(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_user(user(roles=("op",)), None)
    seen = accounts.known("id-ada")
    assert seen is not None
    accounts.note_login("id-ada", now=at(5))  # which is no change
    accounts.replace_user(msgspec.structs.replace(seen.user, roles=()), expect=seen.user)
    with pytest.raises(ConflictError):
        accounts.replace_user(msgspec.structs.replace(seen.user, email="new@example.org"), expect=seen.user)
    [found] = accounts.list_users()
    assert (found.roles, found.last_login_at) == ((), at(5))


def test_two_passwords_at_once_are_two_versions(sql_store: SqlStore) -> None:
    sql_store.accounts.insert_user(user(), "old")
    for new in ("first", "second"):
        assert sql_store.accounts.set_password_hash("id-ada", new)
    assert [one.version for one in sql_store.accounts.list_users()] == [2]


def test_a_password_is_replaced_with_its_version(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_user(user(), "old")
    assert accounts.set_password_hash("id-ada", "new")
    assert not accounts.set_password_hash("nobody", "new")
    accounts.note_login("id-ada", now=at(5))
    found = accounts.known_by_name("ada")
    assert found is not None
    assert (found[0].user.version, found[0].user.last_login_at, found[1]) == (1, at(5), "new")


def test_what_belongs_to_a_user_goes_with_it(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_user(user(), None)
    accounts.insert_session(session("s"), "d1")
    accounts.insert_token(token("t"), "d2")
    accounts.insert_ticket("d3", "id-ada", expires_at=at(9))
    assert accounts.delete_user("id-ada")
    assert not accounts.delete_user("id-ada")
    accounts.insert_user(user(roles=(), grants=frozenset()), None)
    known = accounts.known("id-ada")
    assert known is not None
    assert (known.user.roles, known.user.grants) == ((), frozenset())
    assert (accounts.session_by_digest("d1"), accounts.token_by_digest("d2")) == (None, None)
    assert accounts.take_ticket("d3", now=T0) is None


# -- roles


def test_a_role_gives_its_users_what_it_permits_until_it_goes(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    role = Role(name="seller", permissions=frozenset({READ_SALES, READ_SHOP}))
    accounts.put_role(role, is_new=True)
    with pytest.raises(ConflictError):
        accounts.put_role(role, is_new=True)
    accounts.insert_user(user(roles=("seller",)), None)
    assert accounts.list_roles() == [role]
    less = Role(name="seller", permissions=frozenset({READ_SALES}))
    accounts.put_role(less, is_new=False)
    known = accounts.known("id-ada")
    assert known is not None
    assert known.custom_roles == {"seller": {READ_SALES}}
    with pytest.raises(NotFoundError):
        accounts.put_role(Role(name="nothing"), is_new=False)
    assert accounts.delete_role("seller")
    assert not accounts.delete_role("seller")
    known = accounts.known("id-ada")
    assert known is not None
    assert (known.user.roles, known.custom_roles) == ((), {})


# -- sessions, tokens, JWTs, tickets


def test_a_session_is_found_by_its_digest_and_deleted_by_its_owner(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_session(session("a"), "d1")
    accounts.insert_session(session("b"), "d2")
    accounts.insert_session(session("c", user_id="other"), "d3")
    found = accounts.session_by_digest("d1")
    assert found == msgspec.structs.replace(session("a"), user_agent="x" * 250)
    accounts.see_session("a", now=at(7))
    seen = accounts.session_by_digest("d1")
    assert seen is not None
    assert seen.last_seen_at == at(7)
    assert accounts.delete_sessions("other", "a") == 0
    assert accounts.delete_sessions("id-ada", "a") == 1
    assert [one.session_id for one in accounts.list_sessions("id-ada")] == ["b"]
    assert accounts.delete_sessions("id-ada") == 1
    assert accounts.session_by_digest("d3") is not None


def test_a_token_is_found_by_its_digest_and_deleted_by_its_owner(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    unlimited = msgspec.structs.replace(token("b"), scopes=None)
    accounts.insert_token(token("a"), "d1")
    accounts.insert_token(unlimited, "d2")
    with pytest.raises(ConflictError):
        accounts.insert_token(msgspec.structs.replace(token("a"), token_id="t"), "d3")
    assert accounts.token_by_digest("d1") == token("a")
    assert accounts.token_by_digest("d2") == unlimited
    accounts.see_token("t-a", now=at(3))
    assert accounts.list_tokens("id-ada")[0].last_used_at == at(3)
    assert not accounts.delete_token("other", "t-a")
    assert accounts.delete_token("id-ada", "t-a")
    assert accounts.token_by_digest("d1") is None


def test_a_jwt_is_revoked_once_and_for_all(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.revoke_jwt("j", expires_at=at(9))
    accounts.revoke_jwt("j", expires_at=at(9))
    assert accounts.is_jwt_revoked("j")
    assert not accounts.is_jwt_revoked("k")


def test_a_ticket_lets_one_of_many_in(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    accounts.insert_ticket("d", "id-ada", expires_at=at(9))
    accounts.insert_ticket("late", "id-ada", expires_at=at(9))
    gate, taken = threading.Barrier(4), list[str | None]()

    def take() -> None:
        gate.wait(timeout=60)
        taken.append(accounts.take_ticket("d", now=T0))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(taken, key=str) == [None, None, None, "id-ada"]
    assert accounts.take_ticket("late", now=at(9)) is None


def test_what_expired_is_deleted_in_batches(sql_store: SqlStore) -> None:
    accounts = sql_store.accounts
    for number, expires in enumerate((1, 2, 99)):
        accounts.insert_session(session(f"s{number}", expires=expires), f"s{number}")
        accounts.insert_token(token(f"t{number}", expires=expires), f"t{number}")
        accounts.revoke_jwt(f"j{number}", expires_at=at(expires))
        accounts.insert_ticket(f"k{number}", "id-ada", expires_at=at(expires))
    deleted = [sql_store.retention.delete_expired_logins(before=at(50), limit=3) for _ in range(4)]
    assert deleted == [3, 3, 2, 0]
    assert accounts.is_jwt_revoked("j2")
    assert [one.name for one in accounts.list_tokens("id-ada")] == ["t2"]


# -- the audit log


def event(number: int, **fields: object) -> AuditEvent:
    made = AuditEvent(at=at(number), event="post_pool", owner="ada", status=201, address="::1")
    return msgspec.structs.replace(made, **fields)


EVENTS = [
    event(1),
    event(
        2, dag_id="sales", event="trigger_dag_run", run_id="r1", logical_date=T0, extra='{"a": "\N{SNOWMAN}"}'
    ),
    event(3, dag_id="other", event="trigger_dag_run", owner="bob", task_id="t", map_index=1, try_number=2),
    event(4, dag_id="sales", event="delete_dag_run", status=403),
]


def listed(store: SqlStore, reach: DagReach = EVERYTHING, order: str = "id", **which: object) -> list[int]:
    page = store.listings.events.list(PageRequest(order_by=(order,)), EventFilter(**which), reach=reach)  # type: ignore[arg-type]
    assert page.total == len(page.rows)
    return [int((row.event.at - T0).total_seconds()) for row in page.rows]


def test_lines_are_filtered_ordered_and_shown_to_whom_they_concern(sql_store: SqlStore) -> None:
    sql_store.audit.write_events(EVENTS)
    assert listed(sql_store) == [1, 2, 3, 4]
    assert listed(sql_store, order="-when") == [4, 3, 2, 1]
    assert listed(sql_store, dag_id="sales") == [2, 4]
    assert listed(sql_store, run_id="r1") == listed(sql_store, at=Between(gt=at(1), lt=at(3))) == [2]
    assert listed(sql_store, owner="bob", map_index=1, try_number=2, task_id="t") == [3]
    assert listed(sql_store, included=["post_pool", "delete_dag_run"]) == [1, 4]
    assert listed(sql_store, excluded=["trigger_dag_run"], event="post_pool") == [1]
    assert listed(sql_store, what=Pattern(contains="TRIGGER%"), who=Pattern(prefix="a")) == [2]
    assert listed(sql_store, DagReach(dag_ids=frozenset({"sales"}))) == [2, 4]
    assert listed(sql_store, DagReach(tags=frozenset({"shop"}))) == []
    page = sql_store.listings.events.list(PageRequest(), EventFilter(dag_id="sales"), reach=EVERYTHING)
    pk = page.rows[0].event.event_pk
    one = sql_store.listings.events.one(pk, reach=EVERYTHING)
    assert one is not None
    assert one.event == msgspec.structs.replace(EVENTS[1], event_pk=pk)
    assert sql_store.listings.events.one(pk, reach=DagReach(dag_ids=frozenset({"other"}))) is None


def test_what_is_too_long_for_an_id_is_cut_and_not_lost(sql_store: SqlStore) -> None:
    sql_store.audit.write_events([event(1, dag_id="x" * 999, owner="y" * 999, address="z" * 999)])
    (row,) = sql_store.listings.events.list(PageRequest(), EventFilter(), reach=EVERYTHING).rows
    assert (row.event.dag_id, row.event.owner) == ("x" * 250, "y" * 250)


def test_a_cleaning_copies_old_lines_to_an_archive_first(sql_store: SqlStore) -> None:
    sql_store.audit.write_events(EVENTS)
    cleaned = sql_store.clean(at(3), tables=["audit_event"], archive_at=T0)
    assert cleaned.rows == {"audit_event": 2}
    names, *rows = sql_store.read_archive(cleaned.archives[0])
    assert [row[names.index("event")] for row in rows] == ["post_pool", "trigger_dag_run"]
    sql_store.drop_archives(cleaned.archives)
    assert listed(sql_store) == [3, 4]


def test_old_lines_go_oldest_first(store: AnyStore) -> None:
    store.audit.write_events(EVENTS)
    gone = [store.audit.delete_old_events(before=T0 + timedelta(seconds=4), limit=2) for _ in range(3)]
    assert gone == [2, 1, 0]


# -- tries

TWO_TRIES = {"name": Allowance(tries_max=2, window_s=60)}


def left(store: SqlStore, now_s: float = 0) -> float:
    bucket = store.accounts.load_tries(["name"]).get("name")
    return refilled(bucket, TWO_TRIES["name"], now_s=(T0 + timedelta(seconds=now_s)).timestamp()).left


def test_tries_are_taken_from_each_bucket_owed_beyond_the_last_and_come_back(sql_store: SqlStore) -> None:
    assert sql_store.accounts.load_tries(["name", "other"]) == {}
    both = {**TWO_TRIES, "other": Allowance(tries_max=5, window_s=60)}
    for _ in range(3):
        sql_store.accounts.take_tries(both, now=T0)
    found = sql_store.accounts.load_tries(["name", "other", "third"])
    assert {key: bucket.left for key, bucket in found.items()} == {"name": -1, "other": 2}
    assert [left(sql_store, now_s) for now_s in (0, 30, 60, 90)] == [-1, 0, 1, 2]
    sql_store.accounts.take_tries(TWO_TRIES, now=T0 + timedelta(seconds=60))
    assert left(sql_store, 60) == 0


def test_tries_taken_at_once_are_all_counted(sql_store: SqlStore) -> None:
    many = {"name": Allowance(tries_max=100, window_s=60), "address": Allowance(tries_max=100, window_s=60)}
    threads = [
        threading.Thread(target=sql_store.accounts.take_tries, args=(many,), kwargs={"now": T0})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sql_store.accounts.load_tries(many)
    assert {key: bucket.left for key, bucket in found.items()} == {"name": 92, "address": 92}


def test_tries_are_forgotten_after_their_window(sql_store: SqlStore) -> None:
    sql_store.accounts.take_tries(TWO_TRIES, now=T0)
    assert sql_store.retention.delete_expired_logins(before=T0 + timedelta(seconds=60), limit=10) == 0
    assert sql_store.retention.delete_expired_logins(before=T0 + timedelta(seconds=61), limit=10) == 1
    assert sql_store.accounts.load_tries(["name"]) == {}
