"""Reading all DAG files once, in this process: what `windward dags reserialize` asks for.

A processor that runs beside it does no harm: both write what the files say.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windward.app.session import Session


def main(session: Session) -> int:
    """Parse every file of the DAG folder and store what it declares; return 1 when one could not be read."""
    from windward.app.files import code_store
    from windward.processor.processor import open_processor

    settings = session.prepared
    logging.getLogger("windward").setLevel(logging.ERROR)
    processor = open_processor(
        settings, session.store, session.wakeup, session.clock, code=code_store(settings)
    )
    try:
        done = processor.parse_once(is_forced=True)
    finally:
        processor.close()
    errors = session.store.reads.import_errors()
    print(f"read {len(done.parsed)} files; {len(done.changed_dags)} DAGs changed", file=sys.stderr)  # noqa: T201 - for the person
    for file in errors:
        print(f"`{file.fileloc}` could not be read: see `windward dags list-import-errors`", file=sys.stderr)  # noqa: T201
    return 1 if errors else 0
