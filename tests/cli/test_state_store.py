"""`windward state-store`: what tasks and assets keep, seen and deleted from outside."""

from datetime import timedelta

from tests.cli.conftest import NOW, Installation, finished_run
from windward.model.ids import TaskKey


def kept(installation: Installation) -> None:
    """Let `load_b` of a run keep three values, one of them expired, and an asset one."""
    run = finished_run(installation.store)
    key = TaskKey(run.run_pk, "load_b", -1)
    states = installation.store.states
    task = next(one for one in installation.store.runs.load_tasks([run.run_pk]) if one.task_id == "load_b")
    for name, keep_s in (("page", 60), ("token", 60), ("old", -60)):
        expires_at = NOW + timedelta(seconds=keep_s)
        states.set_task_state(key, name, f'"{name}-1"', fence=task.fence, now=NOW, expires_at=expires_at)
    states.set_asset_state("orders", "mark", "7", by="orders.load_b", now=NOW)


def test_values_are_listed_without_what_has_expired_and_what_is_secret(installation: Installation) -> None:
    kept(installation)
    said = installation.run("state-store", "list", "orders", "first")
    assert '"page-1"' in said.out
    assert "token-1" not in said.out
    assert "old" not in said.out
    assert "page" not in installation.run("state-store", "list", "orders", "first", "--task-id", "report").out
    assert "orders.load_b" in installation.run("state-store", "list-assets").out


def test_one_value_or_all_of_an_instance_are_deleted(installation: Installation) -> None:
    kept(installation)
    said = installation.run("state-store", "delete", "orders", "load_b", "first", "page")
    assert "deleted 1 value of task `load_b`" in said.err
    said = installation.run("state-store", "delete", "orders", "load_b", "first")
    assert "deleted 2 values of task `load_b`" in said.err
    assert (
        "deleted 1 value of asset `orders`" in installation.run("state-store", "delete-asset", "orders").err
    )
    assert installation.run("state-store", "delete", "orders", "load_z", "first").code == 1


def test_what_has_expired_is_counted_and_deleted(installation: Installation) -> None:
    kept(installation)
    assert "1 value would be deleted" in installation.run("state-store", "clean", "--dry-run").err
    assert "deleted 1 value" in installation.run("state-store", "clean").err
    assert "0 values would be deleted" in installation.run("state-store", "clean", "--dry-run").err
