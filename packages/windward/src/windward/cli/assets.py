"""`windward assets`: list, details, materialize, emit."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser, json_object

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.core.asset_index import KnownAsset

EVENTS_MAX = 10_000


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list all assets, and who writes and waits for them", output=True)
    listing.add_argument("--alias", action="store_true", help="list aliases instead")
    listing.add_argument("--columns", metavar="NAMES", help="fields to show, by commas")
    details = commands.add("details", _details, "show one asset", output=True)
    materialize = commands.add("materialize", _materialize, "run the DAG that writes an asset", output=True)
    emit = commands.add("emit", _emit, "say that an asset was written by somebody else", output=True)
    for command in (details, materialize, emit):
        command.add_argument("--name", metavar="NAME", default="", help="the asset's name")
        command.add_argument("--uri", metavar="URI", default="", help="the asset's URI")
    details.add_argument("--alias", action="store_true", help="show the alias of that name")
    emit.add_argument("--extra", metavar="JSON", type=json_object, default={}, help="what to say with it")


def _row(asset: KnownAsset) -> dict[str, Any]:
    return {
        "name": asset.name,
        "uri": asset.uri,
        "group": asset.group,
        "is_active": asset.is_active,
        "producers": [f"{dag_id}.{task_id}" for dag_id, task_id in asset.producers],
        "consumers": asset.consumers,
        "readers": [f"{dag_id}.{task_id}" for dag_id, task_id in asset.readers],
        "watchers": asset.watchers,
        "extra": asset.extra,
        "conflicts": asset.conflicts,
    }


_COLUMNS = ("name", "uri", "group", "producers", "consumers")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.output import note, show_rows
    from windward.engine.asset_reports import list_assets

    columns = tuple(args.columns.split(",")) if args.columns else _COLUMNS
    if args.alias:
        show_rows(_alias_rows(session), output=args.output)
    else:
        assets = list_assets(session.store)
        show_rows([_row(asset) for asset in assets], output=args.output, columns=columns)
        for asset in assets:
            if asset.conflicts:
                others = ", ".join(f"`{one}`" for one in asset.conflicts)
                note(
                    f"asset `{asset.name}` ({asset.uri}) shares its name or URI with {others}: they are different"
                )
    return 0


def _alias_rows(session: Session) -> list[dict[str, Any]]:
    from windward.core.asset_index import known_aliases

    catalog = session.store.catalog
    documents = catalog.load_documents(dag.document_hash for dag in catalog.load_dags())
    return [
        {"name": name, "producers": producers, "consumers": consumers}
        for name, (producers, consumers) in known_aliases(documents.values()).items()
    ]


def _details(args: Namespace, session: Session) -> int:
    from windward.cli.arguments import nearest
    from windward.cli.output import iso, show_rows
    from windward.engine.asset_reports import find_known
    from windward.errors import UserError

    if args.alias:
        rows = _alias_rows(session)
        found = [row for row in rows if row["name"] == args.name]
        if not found:
            known = nearest(args.name, [row["name"] for row in rows])
            raise UserError(
                f"there is no asset alias `{args.name}`",
                hint=f"{known}`windward assets list --alias` shows all.",
            )
        show_rows(found, output=args.output)
        return 0
    asset = find_known(session.store, name=args.name, uri=args.uri)
    events = session.store.assets.list_events(
        name=asset.name, uri=asset.uri, newest_first=True, limit=EVENTS_MAX
    )
    newest = iso(events[0].at) if events else None
    show_rows([{**_row(asset), "events": len(events), "last_event": newest}], output=args.output)
    return 0


def _materialize(args: Namespace, session: Session) -> int:
    from windward.cli.columns import RUN_COLUMNS
    from windward.cli.dags_read import run_row
    from windward.cli.dags_write import person
    from windward.cli.output import show_rows
    from windward.engine.asset_reports import find_known
    from windward.engine.people.assets import the_writer
    from windward.engine.people.runs import RunRequest, trigger_run
    from windward.errors import ConflictError, NotFoundError, UserError
    from windward.model.states import RunType

    asset = find_known(session.store, name=args.name, uri=args.uri)
    writers = {dag_id for dag_id, _ in asset.producers}
    try:
        dag_id = the_writer(asset.name, writers)
    except (ConflictError, NotFoundError) as error:
        named = f": {', '.join(f'`{one}`' for one in sorted(writers))}" if writers else ""
        raise UserError(
            f"{error}{named}",
            hint="Trigger the DAG that you mean, or report the event: `windward assets emit`.",
        ) from error
    asked = RunRequest(run_type=RunType.ASSET_MATERIALIZATION)
    run = trigger_run(session.desk, session.desk.dag(dag_id), asked, by=person())
    show_rows([run_row(run)], output=args.output, columns=RUN_COLUMNS)
    return 0


def _emit(args: Namespace, session: Session) -> int:
    from windward.cli.dags_write import person
    from windward.cli.output import iso, show_rows
    from windward.engine.asset_reports import find_known
    from windward.engine.people.assets import report_event

    asset = find_known(session.store, name=args.name, uri=args.uri)
    event = report_event(session.desk, name=asset.name, uri=asset.uri, extra=args.extra, by=person())
    show_rows(
        [{"name": event.name, "uri": event.uri, "at": iso(event.at), "extra": event.extra}],
        output=args.output,
    )
    return 0
