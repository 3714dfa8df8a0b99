"""Make the tables of which assets there are, and the columns that lists of questions are searched by; fill them.

What is read here of documents is what they said when this was written: names, and where a schedule or a task has them.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import JsonText, UtcTime, key_type, long_text

revision = "0005_before"
down_revision = "0004_after"

_NEW_COLUMNS = ("subject", "text", "answered_by_id", "answered_by_name")
_ROWS_MAX = 1000
"""Rows that are written at once."""
_METADATA = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        name, _METADATA, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin"
    )


_ASSET = _table(
    "asset",
    sa.Column("asset_key", key_type(32), primary_key=True),
    sa.Column("asset_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("name", key_type(500), nullable=False),
    sa.Column("uri", key_type(500), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)
_LINK = _table(
    "asset_link",
    sa.Column("dag_id", key_type(), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", key_type(20), nullable=False),
    sa.Column("task_id", key_type(), nullable=False),
    sa.Column("asset_key", key_type(32), nullable=False, index=True),
    sa.Column("name", key_type(500), nullable=False, index=True),
    sa.Column("uri", key_type(500), nullable=False, index=True),
    sa.Column("details", JsonText),
)
_ALIAS = _table(
    "alias",
    sa.Column("name", key_type(500), primary_key=True),
    sa.Column("alias_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("group_name", long_text(), nullable=False),
)
_DAG = sa.table("dag", sa.column("dag_id"), sa.column("document_hash"), sa.column("last_changed_at", UtcTime))
_DOCUMENT = sa.table("dag_document", sa.column("document_hash"), sa.column("body", sa.LargeBinary))
_EVENT = sa.table(
    "asset_event", sa.column("asset_key"), sa.column("name"), sa.column("uri"), sa.column("at", UtcTime)
)
_PLACE = ("run_pk", "task_id", "map_index", "try_number")
_INPUT = sa.table(
    "human_input", *(sa.column(name) for name in (*_PLACE, "request", "answered_by", *_NEW_COLUMNS))
)


def upgrade() -> None:
    connection = op.get_bind()
    _METADATA.create_all(connection)
    for name in _NEW_COLUMNS:
        op.add_column("human_input", sa.Column(name, long_text()))
    _fill_assets(connection)
    _fill_inputs(connection)


def downgrade() -> None:
    for name in reversed(_NEW_COLUMNS):
        op.drop_column("human_input", name)
    _METADATA.drop_all(op.get_bind())


def _fill_assets(connection: sa.Connection) -> None:
    assets: dict[str, dict[str, Any]] = {}
    aliases: dict[str, dict[str, Any]] = {}
    dags = connection.execute(sa.select(_DAG).order_by(_DAG.c.dag_id)).all()
    for dag_id, document_hash, changed_at in dags:
        wanted = sa.select(_DOCUMENT.c.body).where(_DOCUMENT.c.document_hash == document_hash)
        body = connection.execute(wanted).scalar()
        if body is None:
            continue
        document = json.loads(bytes(body))
        for asset in document.get("assets", ()):
            row = _asset(asset["name"], asset["uri"], changed_at)
            assets.setdefault(row["asset_key"], row)
        for alias in document.get("aliases", ()):
            number = _number(hashlib.sha256(alias["name"].encode()).hexdigest())
            group = alias.get("group", "asset")
            aliases[alias["name"]] = {"name": alias["name"], "alias_id": number, "group_name": group}
        links = [{"dag_id": dag_id, "number": number, **link} for number, link in enumerate(_links(document))]
        if links:
            connection.execute(sa.insert(_LINK), links)
    for name, uri, key, at in connection.execute(
        sa.select(
            _EVENT.c.name, _EVENT.c.uri, _EVENT.c.asset_key, sa.func.min(_EVENT.c["at"], type_=UtcTime)
        ).group_by(_EVENT.c.name, _EVENT.c.uri, _EVENT.c.asset_key)
    ):
        assets.setdefault(key, _asset(name, uri, at))
    for table, rows in ((_ASSET, list(assets.values())), (_ALIAS, list(aliases.values()))):
        for start in range(0, len(rows), _ROWS_MAX):
            connection.execute(sa.insert(table), rows[start : start + _ROWS_MAX])


def _links(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for asset in document.get("assets", ()):
        details = {
            "group": asset.get("group", "asset"),
            "extra": asset.get("extra", {}),
            "watchers": [watcher["name"] for watcher in asset.get("watchers", ())],
        }
        yield _link("declares", "", asset, details)
    for leaf in _leaves((document.get("schedule") or {}).get("condition")):
        yield _link("schedule", "", leaf)
    for task in document.get("tasks", ()):
        for kind in ("outlet", "inlet"):
            for leaf in _leaves(task.get(f"{kind}s")):
                yield _link(kind, task["task_id"], leaf)


def _link(kind: str, task_id: str, asset: dict[str, Any], details: Any = None) -> dict[str, Any]:
    name, uri = asset.get("name", ""), asset.get("uri", "")
    return {
        "kind": kind,
        "task_id": task_id,
        "asset_key": _key(name, uri) if name and uri else "",
        "name": name,
        "uri": uri,
        "details": details,
    }


def _leaves(part: Any) -> Iterator[dict[str, Any]]:
    """Yield the assets of a condition, however deep it holds them."""
    if isinstance(part, list):
        for one in part:
            yield from _leaves(one)
    elif isinstance(part, dict) and part.get("type") == "asset":
        yield part
    elif isinstance(part, dict):
        for one in part.values():
            yield from _leaves(one)


def _asset(name: str, uri: str, at: Any) -> dict[str, Any]:
    key = _key(name, uri)
    return {
        "asset_key": key, "asset_id": _number(key), "name": name, "uri": uri, "created_at": at, "updated_at": at,
    }  # fmt: skip


def _key(name: str, uri: str) -> str:
    return hashlib.sha256(f"{name}\0{uri}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _number(digest: str) -> int:
    return int(digest[:12], 16)


def _fill_inputs(connection: sa.Connection) -> None:
    rows = connection.execute(
        sa.select(*(_INPUT.c[name] for name in (*_PLACE, "request", "answered_by")))
    ).all()
    for row in rows:
        asked = json.loads(row.request)
        by = json.loads(row.answered_by) if row.answered_by else {}
        place = sa.and_(*(_INPUT.c[name] == getattr(row, name) for name in _PLACE))
        values = {
            "subject": asked["subject"],
            "text": asked.get("body"),
            "answered_by_id": by.get("id"),
            "answered_by_name": by.get("name"),
        }
        connection.execute(sa.update(_INPUT).where(place).values(values))
