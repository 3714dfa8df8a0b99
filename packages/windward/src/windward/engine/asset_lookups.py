"""Answers to what running user code asks of assets. Reads only."""

from __future__ import annotations

from windward.document import AssetDocument
from windward.errors import NotFoundError
from windward.model.records import DagRecord
from windward.ports.store import Store
from windward.protocol import calls as c

AssetCall = c.GetAssetEvents | c.GetConsumedEvents | c.GetAsset


def lookup_asset(store: Store, call: AssetCall) -> c.Answer:
    """Answer a call. Raises `NotFoundError`."""
    match call:
        case c.GetAssetEvents():
            found = store.assets.list_events(
                name=call.name,
                uri=call.uri,
                alias=call.alias,
                after=call.after,
                before=call.before,
                newest_first=call.newest_first,
                offset=call.offset,
                limit=call.limit,
            )
            return c.AssetEventsAnswer(events=tuple(found))
        case c.GetConsumedEvents(dag_id=dag_id, run_id=run_id):
            run = store.runs.find_run(dag_id, run_id=run_id)
            events = store.assets.consumed_events(run.run_pk) if run is not None else []
            return c.AssetEventsAnswer(events=tuple(events))
        case c.GetAsset(name=name, uri=uri):
            asset = find_asset(store, name=name, uri=uri)
            if asset is None:
                raise NotFoundError(f"no DAG declares the asset `{name or uri}`")
            return c.AssetAnswer(name=asset.name, uri=asset.uri, group=asset.group, extra=asset.extra)


def place_of(dag: DagRecord | None) -> c.PlaceAnswer:
    """Return where a DAG is in its schedule."""
    if dag is None:
        return c.PlaceAnswer()
    return c.PlaceAnswer(
        run_after=dag.last_run_after,
        interval_start=dag.last_interval_start,
        interval_end=dag.last_interval_end,
    )


def find_asset(store: Store, *, name: str = "", uri: str = "") -> AssetDocument | None:
    """Return an asset that an active DAG declares, by its name, its URI or both; of several the first by DAG."""
    if not name and not uri:
        return None
    dags = store.catalog.load_dags()
    documents = store.catalog.load_documents(dag.document_hash for dag in dags)
    for dag in dags:
        document = documents.get(dag.document_hash)
        for asset in document.assets if document is not None else ():
            if name in {"", asset.name} and uri in {"", asset.uri}:
                return asset
    return None
