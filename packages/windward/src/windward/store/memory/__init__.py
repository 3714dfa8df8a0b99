"""The reference model of a store: plain dictionaries under one lock.

It says what every store has to do, is the back end of single-process runs and of the simulator, and the
measure that the SQL stores are compared with.
"""

from __future__ import annotations

from windward.store.memory.assets import MemoryAssets
from windward.store.memory.audit import MemoryAudit
from windward.store.memory.backfills import MemoryBackfills
from windward.store.memory.catalog import MemoryCatalog
from windward.store.memory.deferrals import MemoryDeferrals
from windward.store.memory.hosts import MemoryHosts
from windward.store.memory.leases import MemoryLeases
from windward.store.memory.reads import MemoryReads
from windward.store.memory.remote import MemoryRemote
from windward.store.memory.retention import MemoryRetention
from windward.store.memory.runs import MemoryRuns
from windward.store.memory.secrets import MemorySecrets
from windward.store.memory.tables import Tables
from windward.store.memory.waits import MemoryStates, MemoryWaits
from windward.store.memory.xcoms import MemoryXComs

__all__ = ["MemoryStore"]


class MemoryStore:
    """All of a store, in memory."""

    def __init__(self) -> None:
        tables = Tables()
        self.tables = tables
        self.leases = MemoryLeases(tables)
        self.runs = MemoryRuns(tables)
        self.backfills = MemoryBackfills(tables)
        self.deferrals = MemoryDeferrals(tables)
        self.waits = MemoryWaits(tables)
        self.states = MemoryStates(tables)
        self.hosts = MemoryHosts(tables)
        self.xcoms = MemoryXComs(tables)
        self.secrets = MemorySecrets(tables)
        self.catalog = MemoryCatalog(tables)
        self.assets = MemoryAssets(tables)
        self.audit = MemoryAudit()
        self.reads = MemoryReads(tables)
        self.retention = MemoryRetention(tables)
        self.remote = MemoryRemote(tables)

    def close(self) -> None:
        """Nothing to give back."""
