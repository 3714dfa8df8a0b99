"""Where the examples keep what they make, and how to write a file there in one step."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

FOLDER = Path(os.environ.get("WINDWARD_HOME") or "~/windward").expanduser().absolute() / "examples-output"
"""All files and the database of the examples. Deleting the folder is safe: the next runs make it anew."""

DATABASE = FOLDER / "examples.sqlite"

# Tasks reach databases by connections. This one comes with the files, so that the examples need no set-up; yours are
# better kept by `windward connections add`, where passwords are encrypted.
os.environ.setdefault("AIRFLOW_CONN_EXAMPLES", json.dumps({"conn_type": "sqlite", "host": str(DATABASE)}))


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see its old content or its new content, never a part, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as draft:
        try:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).chmod(0o644)
            Path(draft.name).replace(path)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
