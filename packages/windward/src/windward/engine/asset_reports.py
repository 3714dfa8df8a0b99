"""Which assets there are, for the command line: told from documents and from what was written."""

from __future__ import annotations

from windward.core.asset_index import KnownAsset, known_assets
from windward.errors import UserError
from windward.ports.store import Store

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
