"""What words of a DAG file permit: things to its own DAG, and no more than a user may do to all."""

import pytest

from windward.core.access import BUILT_IN_ROLES
from windward.core.file_grants import holder_of, permissions_of_word, unknown_words
from windward.model.access import OF_A_DAG, Resource, Verb


def given(thing: str, word: str) -> set[str]:
    found = permissions_of_word(thing, word, "sales")
    assert {one.dag_id for one in found} <= {"sales"}
    return {f"{one.resource}:{one.verb}" for one in found}


def test_to_read_is_to_see_all_that_a_viewer_sees_of_the_dag() -> None:
    viewer = {f"{one.resource}:{one.verb}" for one in BUILT_IN_ROLES["viewer"] if one.resource in OF_A_DAG}
    assert given("DAGs", "can_read") == given("DAGs", "can_dag_read") == viewer
    assert given("DAG Runs", "can_read") == {"run:read"}


def test_to_edit_is_to_run_it_and_answer_for_its_tasks() -> None:
    edit = given("DAGs", "can_edit")
    assert {"dag:edit", "run:create", "run:edit", "task_instance:edit", "backfill:create"} <= edit
    assert not {one for one in edit if one.endswith((":read", ":delete"))}
    assert given("DAGs", "can_delete") >= {"dag:delete", "run:delete"}


@pytest.mark.parametrize("thing", ["DAGs", "DAG Runs", "Pools", ""])
@pytest.mark.parametrize("word", ["can_read", "can_create", "can_edit", "can_delete", "can_fly", "admin"])
def test_no_word_permits_more_than_a_user_may(thing: str, word: str) -> None:
    held = {f"{one.resource}:{one.verb}" for one in BUILT_IN_ROLES["user"] if one.resource in OF_A_DAG}
    assert given(thing, word) <= held
    assert f"{Resource.VARIABLE}:{Verb.READ}" not in given(thing, word)


def test_words_that_permit_nothing_are_told() -> None:
    grants = {"a": {"DAGs": ["can_read", "can_fly"]}, "b": {"Pools": ["can_read"]}}
    assert unknown_words(grants) == ["Pools", "can_fly"]
    assert all(not given(thing, word) for thing, word in (("DAGs", "can_fly"), ("Pools", "can_read")))


def test_names_of_built_in_roles_are_meant_whatever_their_case() -> None:
    assert [holder_of(name) for name in ("Viewer", "op", "Team", "team")] == ["viewer", "op", "Team", "team"]
