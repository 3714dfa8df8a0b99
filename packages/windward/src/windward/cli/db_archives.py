"""What `windward db` does with the archives that cleanings leave: write them to files, drop them."""

from __future__ import annotations

import base64
import csv
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from windward.app.session import Session
from windward.cli.output import is_agreed, note
from windward.errors import UserError
from windward.store.sql.open import SqlStore


def _found(args: Namespace, session: Session) -> tuple[SqlStore, list[str]]:
    store = session.store
    if not isinstance(store, SqlStore):
        raise UserError("this store keeps no archives", hint="Use a database.")
    tables = [name.strip() for name in args.tables.split(",")] if args.tables else []
    return store, store.archives(tables=tables)


def export_archived(args: Namespace, session: Session) -> int:
    """Write archives to files, one each."""
    store, archives = _found(args, session)
    folder = Path(args.output_path)
    if not folder.is_dir():
        raise UserError(f"`{folder}` is no folder", hint="Make it first.")
    for name in archives:
        path = folder / f"{name}.{args.export_format}"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = store.read_archive(name)
            columns = next(rows)
            if args.export_format == "csv":
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows([_plain(value) for value in row] for row in rows)
            else:
                for row in rows:
                    line = {column: _plain(value) for column, value in zip(columns, row, strict=True)}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        print(path)
    if not archives:
        note("there are no archives")
    if archives and args.drop_archives:
        return _drop(args, store, archives)
    return 0


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def drop_archived(args: Namespace, session: Session) -> int:
    """Drop archives."""
    store, archives = _found(args, session)
    if not archives:
        note("there are no archives")
        return 0
    return _drop(args, store, archives)


def _drop(args: Namespace, store: SqlStore, archives: list[str]) -> int:
    if not is_agreed(f"These archives will be dropped: {', '.join(archives)}. Go on?", yes=args.yes):
        return 1
    store.drop_archives(archives)
    note(f"dropped {len(archives)} archive{'' if len(archives) == 1 else 's'}")
    return 0
