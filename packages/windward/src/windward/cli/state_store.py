"""`windward state-store`: the small values that tasks keep over their tries, and those of assets."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser

if TYPE_CHECKING:
    from windward.app.session import Session

BATCH = 1000


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list the values that tasks of a run keep", output=True)
    listing.add_argument("dag_id", metavar="DAG")
    listing.add_argument("run", metavar="RUN", help="run id or logical date")
    listing.add_argument("--task-id", metavar="TASK", help="of this task only")
    deleting = commands.add(
        "delete", _delete, "delete values of a task instance, so that its next try begins anew"
    )
    deleting.add_argument("dag_id", metavar="DAG")
    deleting.add_argument("task_id", metavar="TASK")
    deleting.add_argument("run", metavar="RUN", help="run id or logical date")
    deleting.add_argument("key", metavar="KEY", nargs="?", help="all values when left out")
    deleting.add_argument(
        "--map-index", type=int, default=-1, metavar="N", help="an instance of a mapped task"
    )
    assets = commands.add("list-assets", _list_assets, "list the values of assets", output=True)
    assets.add_argument("--asset", metavar="NAME", help="of this asset only")
    resetting = commands.add("delete-asset", _delete_asset, "delete values of an asset")
    resetting.add_argument("asset", metavar="NAME")
    resetting.add_argument("key", metavar="KEY", nargs="?", help="all values when left out")
    cleaning = commands.add("clean", _clean, "delete values of tasks whose time is over, now")
    cleaning.add_argument("--dry-run", action="store_true", help="say only how many there are")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.columns import TASK_STATE_COLUMNS
    from windward.cli.lookup import found_run
    from windward.cli.output import show_rows
    from windward.sdk.masking import redact

    run = found_run(session, args.dag_id, args.run)
    rows = [
        {
            "task_id": key.task_id,
            "map_index": key.map_index,
            "key": name,
            "value": redact(value, name),
            "set_at": set_at,
        }
        for key, name, value, set_at in session.store.states.list_task_state(
            run.run_pk, now=session.clock.now()
        )
        if args.task_id in {None, key.task_id}
    ]
    show_rows(rows, output=args.output, columns=TASK_STATE_COLUMNS)
    return 0


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.lookup import found_instance, found_run
    from windward.cli.output import note
    from windward.engine.people.states import forget_task_values

    run = found_run(session, args.dag_id, args.run)
    task = found_instance(session, run, args.task_id, args.map_index)
    count = forget_task_values(session.desk, run, task.task_id, task.map_index, args.key)
    note(f"deleted {counted_values(count)} of task `{args.task_id}`")
    return 0


def _list_assets(args: Namespace, session: Session) -> int:
    from windward.cli.columns import ASSET_STATE_COLUMNS
    from windward.cli.output import show_rows
    from windward.model.writers import described_writer
    from windward.sdk.masking import redact

    rows = [
        {
            "asset": asset,
            "key": name,
            "value": redact(value, name),
            "set_by": described_writer(by),
            "set_at": set_at,
        }
        for asset, name, value, by, set_at in session.store.states.list_asset_state(args.asset)
    ]
    show_rows(rows, output=args.output, columns=ASSET_STATE_COLUMNS)
    return 0


def _delete_asset(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.states import forget_asset_values

    count = forget_asset_values(session.desk, args.asset, args.key)
    note(f"deleted {counted_values(count)} of asset `{args.asset}`")
    return 0


def _clean(args: Namespace, session: Session) -> int:
    from windward.cli.output import note

    states, now = session.store.states, session.clock.now()
    if args.dry_run:
        note(f"{counted_values(states.count_expired_states(before=now))} would be deleted")
        return 0
    total = 0
    while count := states.delete_expired_states(before=now, limit=BATCH):
        total += count
    note(f"deleted {counted_values(total)} whose time is over")
    return 0


def counted_values(count: int) -> str:
    """Return how many values."""
    return f"{count} value{'' if count == 1 else 's'}"
