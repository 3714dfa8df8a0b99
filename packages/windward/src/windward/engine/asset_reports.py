"""What people do to assets, from the command line or the API: report an event, or run the DAG that writes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from windward.core.asset_index import KnownAsset, known_assets
from windward.core.assets import reported_event
from windward.core.runs import decide_manual_run
from windward.errors import ConflictError, UserError
from windward.model.records import AssetEventRecord, RunRecord
from windward.model.states import RunType, TriggeredBy
from windward.ports.store import Note, Store

WRITTEN_MAX = 10_000
"""Assets that no DAG names are found among so many of the newest events."""


def list_assets(store: Store) -> list[KnownAsset]:
    """Return all assets, by name and URI."""
    dags = store.catalog.load_dags()
    documents = store.catalog.load_documents(dag.document_hash for dag in dags)
    events = store.assets.list_events(newest_first=True, limit=WRITTEN_MAX)
    return known_assets(documents.values(), written={(event.name, event.uri) for event in events})


def find_known(store: Store, *, name: str = "", uri: str = "") -> KnownAsset:
    """Return one asset by its name, its URI or both. Raises `UserError`."""
    found = [
        asset for asset in list_assets(store) if name in {"", asset.name} and uri in {"", asset.uri}
    ] if name or uri else []  # fmt: skip
    if not found:
        raise UserError(
            f"there is no asset `{name or uri}`", hint="`windward assets list` shows all, with their URIs."
        )
    if len(found) > 1:
        raise UserError(
            f"`{name or uri}` is more than one asset: {', '.join(f'`{one.uri}`' for one in found)}",
            hint="Give name and URI both.",
        )
    return found[0]


def report_event(
    store: Store,
    *,
    name: str = "",
    uri: str = "",
    extra: Mapping[str, Any],
    by: str,
    now: datetime,
    next_pk: Callable[[], int],
) -> AssetEventRecord:
    """Say that an asset was written; the scheduler lets the event wait for whom it concerns. Wake it afterwards.

    Raises `UserError` when there is no such asset.
    """
    asset = find_known(store, name=name, uri=uri)
    action = reported_event(
        event_pk=next_pk(), name=asset.name, uri=asset.uri, extra=dict(extra), now=now, by=by
    )
    note = Note(kind="asset", subject=str(action.event.event_pk))
    if not store.runs.apply([[action]], notes=[note]).all:
        raise ConflictError(f"the event of asset `{asset.name}` was refused")
    return action.event


def materialize(
    store: Store,
    *,
    name: str = "",
    uri: str = "",
    triggered_by: TriggeredBy,
    by: str,
    now: datetime,
    next_pk: Callable[[], int],
) -> RunRecord:
    """Make a run of the DAG that writes an asset; wake the scheduler afterwards.

    Raises `UserError` when no DAG writes it, or more than one.
    """
    asset = find_known(store, name=name, uri=uri)
    writers = sorted({dag_id for dag_id, _ in asset.producers})
    if len(writers) != 1:
        raise UserError(
            f"no DAG writes asset `{asset.name}`"
            if not writers
            else f"more than one DAG writes asset `{asset.name}`: {', '.join(f'`{one}`' for one in writers)}",
            hint="Trigger the DAG that you mean, or report the event: `windward assets emit`.",
        )
    dag = store.catalog.load_dag(writers[0])
    documents = store.catalog.load_documents([dag.document_hash]) if dag is not None else {}
    document = documents.get(dag.document_hash) if dag is not None else None
    if dag is None or document is None:
        raise ConflictError(f"DAG `{writers[0]}` has just changed")
    action = decide_manual_run(
        document,
        document_hash=dag.document_hash,
        run_pk=next_pk(),
        now=now,
        run_type=RunType.ASSET_MATERIALIZATION,
        triggered_by=triggered_by,
        triggering_user=by,
    )
    note = Note(kind="run", subject=str(action.run.run_pk))
    if not store.runs.apply([[action]], notes=[note]).all:
        raise ConflictError(f"DAG `{dag.dag_id}` has a run of that moment already")
    return action.run
