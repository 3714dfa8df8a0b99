"""`windward pools`: list, get, set, delete, import, export."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser, at_least

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.records import PoolRecord

UNLIMITED = -1


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    commands.add("list", _list, "list all pools", output=True)
    get = commands.add("get", _get, "show one pool", output=True)
    get.add_argument("pool", metavar="POOL")
    setting = commands.add("set", _set, "make or change a pool", output=True)
    setting.add_argument("pool", metavar="POOL")
    setting.add_argument("slots", metavar="SLOTS", type=at_least(UNLIMITED), help="-1 is no limit")
    setting.add_argument("description", metavar="DESCRIPTION", nargs="?", default="")
    setting.add_argument("--include-deferred", action="store_true", help="deferred tasks hold their slots")
    delete = commands.add("delete", _delete, "delete a pool", output=True)
    delete.add_argument("pool", metavar="POOL")
    importing = commands.add("import", _import, "make or change the pools of a file")
    importing.add_argument("file", metavar="FILE", help="JSON or YAML; `-` is standard input")
    export = commands.add("export", _export, "write all pools to a file")
    export.add_argument("file", metavar="FILE", help="`-` is standard output")


def _row(pool: PoolRecord) -> dict[str, Any]:
    return {
        "pool": pool.name,
        "slots": pool.slots,
        "description": pool.description,
        "include_deferred": pool.include_deferred,
    }


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    show_rows([_row(pool) for pool in session.store.secrets.load_pools()], output=args.output)
    return 0


def _found(session: Session, name: str) -> PoolRecord:
    from windward.cli.arguments import nearest
    from windward.errors import UserError

    pools = {pool.name: pool for pool in session.store.secrets.load_pools()}
    if name not in pools:
        raise UserError(
            f"there is no pool `{name}`", hint=f"{nearest(name, pools)}`windward pools list` shows all."
        )
    return pools[name]


def _get(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    show_rows([_row(_found(session, args.pool))], output=args.output)
    return 0


def _set(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    pool = _put(
        session, args.pool, args.slots, description=args.description, include_deferred=args.include_deferred
    )
    session.wakeup.wake()
    show_rows([_row(pool)], output=args.output)
    return 0


def _put(session: Session, name: str, slots: int, *, description: str, include_deferred: bool) -> PoolRecord:
    from windward.errors import InvalidIdError
    from windward.model.ids import ID_LENGTH_MAX
    from windward.model.records import PoolRecord

    if not name.strip() or len(name) > ID_LENGTH_MAX:
        raise InvalidIdError(
            f"`{name[:40]}` cannot be the name of a pool", hint=f"Use 1 to {ID_LENGTH_MAX} characters."
        )
    pool = PoolRecord(name=name, slots=slots, description=description, include_deferred=include_deferred)
    session.store.secrets.set_pool(pool)
    return pool


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    pool = _found(session, args.pool)
    session.store.secrets.delete_pool(args.pool)
    session.wakeup.wake()
    show_rows([_row(pool)], output=args.output)
    return 0


def _import(args: Namespace, session: Session) -> int:
    from windward.cli.kept_file import pools_of
    from windward.cli.output import note

    given = pools_of(args.file)
    for name, fields in given.items():
        _put(session, name, **fields)
    session.wakeup.wake()
    note(f"imported {len(given)} pools")
    return 0


def _export(args: Namespace, session: Session) -> int:
    from windward.cli.kept_file import write_pools
    from windward.cli.output import note

    count = write_pools(args.file, map(_row, session.store.secrets.load_pools()))
    note(f"exported {count} pools")
    return 0
