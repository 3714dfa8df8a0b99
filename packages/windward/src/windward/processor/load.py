"""Importing one DAG file in this process, without a database: what `windward dags test FILE` begins with.

No limits and no isolation: the process belongs to the person who asks. The processor itself never does this.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windward.document import DagDocument
from windward.processor import report
from windward.processor.author import configure, live_dags
from windward.processor.authoring import Source
from windward.processor.imports import compile_source, new_module
from windward.sdk import extensions
from windward.settings import Settings


@dataclass(frozen=True)
class LoadedFile:
    """An imported file. `dags` are the live objects by id, `documents` those that could be serialized.

    `errors` are texts as the processor would store them: of the file under its path, of a DAG under its id.
    """

    fileloc: str
    dags: Mapping[str, Any]
    documents: Mapping[str, DagDocument]
    errors: Mapping[str, str]


def load_file(path: Path, settings: Settings) -> LoadedFile:
    """Import a DAG file; `fileloc` is relative to the DAG folder, or to its own folder when it is elsewhere.

    Raises `OSError` when the file cannot be read; whatever its code raises is in `errors`.
    """
    path = path.absolute()
    folder = settings.core.dags_folder.absolute()
    root = folder if path.is_relative_to(folder) else path.parent
    fileloc = path.relative_to(root).as_posix()
    data = path.read_bytes()
    if str(root) not in sys.path:
        sys.path.append(str(root))
    configure(settings)
    dags: dict[str, Any] = {}
    documents: dict[str, DagDocument] = {}
    errors: dict[str, str] = {}
    try:
        extensions.load()
        code = compile_source(data, fileloc=fileloc, path=str(path))
        linecache.checkcache(str(path))
        module = new_module(fileloc, str(path))
        exec(code, module.__dict__)  # noqa: S102 - importing a DAG file is executing it
        source = Source(module, data, str(root), fileloc)
        for dag, declared in live_dags(source, setting=settings.core.semantics):
            match declared.outcome:
                case BaseException() as error:
                    errors[declared.dag_id] = report.describe_error(error, root=str(root), fileloc=fileloc)
                case document:
                    dags[declared.dag_id] = dag
                    documents[declared.dag_id] = document
    except (Exception, SystemExit) as error:  # noqa: BLE001 - user code may raise anything; it becomes the file's error
        errors[fileloc] = report.describe_error(error, root=str(root), fileloc=fileloc)
    return LoadedFile(fileloc, dags, documents, errors)
