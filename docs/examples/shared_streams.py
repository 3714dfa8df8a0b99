"""Two watchers of one folder: it is read once, and each makes events of its own files."""

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG, Asset, AssetWatcher, task
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

INBOX = Path(tempfile.gettempdir()) / "inbox"


class Arrivals(BaseEventTrigger):
    """Fires for each new file of a folder whose name begins with `kind`."""

    def __init__(self, folder, kind):
        super().__init__()
        self.folder = folder
        self.kind = kind

    def serialize(self):
        return "shared_streams.Arrivals", {"folder": self.folder, "kind": self.kind}

    def shared_stream_key(self):
        return self.folder

    @classmethod
    async def open_shared_stream(cls, kwargs):
        seen = set()
        while True:
            for path in sorted(set(Path(kwargs["folder"]).glob("*")) - seen):
                seen.add(path)
                yield path
            await asyncio.sleep(1)

    async def filter_shared_stream(self, shared_stream):
        async for path in shared_stream:
            if path.name.startswith(self.kind):
                yield TriggerEvent(str(path))

    async def run(self):
        """Read alone, where nothing is shared: in versions of Airflow before 3.3."""
        async for event in self.filter_shared_stream(self.open_shared_stream({"folder": self.folder})):
            yield event


orders = Asset("orders", watchers=[AssetWatcher("orders", Arrivals(str(INBOX), "order"))])
returns = Asset("returns", watchers=[AssetWatcher("returns", Arrivals(str(INBOX), "return"))])

with DAG("shared_streams", schedule=orders | returns, start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def take(triggering_asset_events=None):
        return [event.extra for events in (triggering_asset_events or {}).values() for event in events]

    take()
