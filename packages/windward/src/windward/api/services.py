"""What handlers work with: the store, the lists, people's wishes, the clock. Made once by the component."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from windward.api.grids import Grids
from windward.api.streams import Streams

if TYPE_CHECKING:
    from windward.api.access.entrance import Entrance
    from windward.api.changes import Changes
    from windward.api.connection_tests import ConnectionTests
    from windward.api.execution.tokens import AttemptTokens
    from windward.api.execution.values import LargeValues
    from windward.engine.people.accounts import AccountDesk
    from windward.engine.people.desk import Desk
    from windward.engine.remote import RemoteDoor
    from windward.ports.files import CodeStore, LogStore
    from windward.ports.installed import Installed
    from windward.ports.listings import Listings
    from windward.ports.store import Store
    from windward.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What worker hosts of other machines are served with."""

    door: RemoteDoor
    tokens: AttemptTokens
    logs: LogStore
    code: CodeStore
    values: LargeValues


@dataclass(frozen=True, kw_only=True)
class Services:
    """All of them."""

    settings: Settings
    store: Store
    listings: Listings
    desk: Desk
    account_desk: AccountDesk
    entrance: Entrance
    now: Callable[[], datetime]
    execution: Execution
    changes: Changes
    connection_tests: ConnectionTests
    installed: Installed
    streams: Streams = field(default_factory=Streams)
    grids: Grids = field(default_factory=Grids)

    def tags_of(self, dag_id: str) -> Collection[str]:
        """Return the tags of a DAG; none when it is not known."""
        return self.listings.dags.tags_of(dag_id)
