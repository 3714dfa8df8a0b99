"""All read models of one database under one roof."""

from __future__ import annotations

from windward.store.sql.cipher import Cipher
from windward.store.sql.database import Database
from windward.store.sql.listings.assets import SqlAssetListings
from windward.store.sql.listings.backfills import SqlBackfillListings
from windward.store.sql.listings.changes import SqlChangeListings
from windward.store.sql.listings.connections import SqlConnectionListings
from windward.store.sql.listings.dags import SqlDagListings
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.events import SqlEventListings
from windward.store.sql.listings.files import SqlFileListings
from windward.store.sql.listings.grid import SqlGridListings
from windward.store.sql.listings.inputs import SqlInputListings
from windward.store.sql.listings.instances import SqlInstanceListings
from windward.store.sql.listings.pools import SqlPoolListings
from windward.store.sql.listings.runs import SqlRunListings
from windward.store.sql.listings.states import SqlStateListings
from windward.store.sql.listings.variables import SqlVariableListings
from windward.store.sql.listings.versions import SqlVersionListings
from windward.store.sql.listings.xcoms import SqlXComListings


class SqlListings:
    """What the API reads."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self.is_near = database.dialect.is_sqlite
        self.together, self.briefly = database.together, database.briefly
        documents = Documents(database)
        self.documents = documents
        self.assets = SqlAssetListings(database)
        self.changes = SqlChangeListings(database)
        self.backfills = SqlBackfillListings(database)
        self.files = SqlFileListings(database, documents)
        self.connections = SqlConnectionListings(database, cipher)
        self.dags = SqlDagListings(database, documents)
        self.events = SqlEventListings(database)
        self.grid = SqlGridListings(database, documents)
        self.pools = SqlPoolListings(database, documents)
        self.runs = SqlRunListings(database)
        self.instances = SqlInstanceListings(database, documents, self.runs)
        self.variables = SqlVariableListings(database, cipher)
        self.versions = SqlVersionListings(database)
        self.xcoms = SqlXComListings(database, documents)
        self.states = SqlStateListings(database)
        self.inputs = SqlInputListings(database, documents)
