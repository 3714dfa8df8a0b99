"""Bringing the database to this release's schema at the start of `windward standalone`."""

from __future__ import annotations

from windward.settings import Settings


def migrate(settings: Settings) -> str:
    """Make or migrate the schema; return the database's URL without its password. Leaves no connection open.

    Raises:
        UserError: when the database was migrated by a newer version.
        UnavailableError: when it does not answer.
    """
    from windward.app.session import opened_store
    from windward.store.sql import schema
    from windward.store.sql.engines import make_engine, parse_url

    url = settings.database.sql_alchemy_conn
    engine = make_engine(url, pool_size=1)
    try:
        match schema.state_of(engine):
            case schema.SchemaState.EMPTY:
                slots = settings.core.default_pool_task_slot_count
                schema.create_all_at_once(engine, default_pool_slots=slots)
            case schema.SchemaState.OLDER:
                schema.migrate(url)
            case schema.SchemaState.CURRENT | schema.SchemaState.NEWER:
                schema.check(engine)
    finally:
        engine.dispose()
    opened_store(settings).close()
    return parse_url(url).render_as_string(hide_password=True)
