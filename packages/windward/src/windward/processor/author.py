"""The author of a real installation: an imported module in, the documents of its DAGs out, by the authoring SDK.

The SDK is imported late, so that a process which only watches a folder does not load it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from windward.document import DagDocument, encode
from windward.errors import UserError
from windward.processor.authoring import Author, Declared, Source
from windward.processor.imports import modules_below
from windward.protocol.outcomes import DeadXCom
from windward.sdk.bridge import LargeValues
from windward.settings import Settings
from windward.timetable import CustomSchedule, by_time

PRELOAD = (
    "windward:*",
    "windward.sdk.collect",
    "windward.sdk.serialize",
    "windward.sdk.semantics",
    "airflow",
)
"""What the template imports, so that no child has to; `:*` also resolves all names of a module."""


def sdk_author(settings: Settings, *, large: LargeValues | None = None) -> Author:
    """Return the author (one that pickles) that reads DAGs by the SDK, with the defaults that the settings ask for.

    `large` reads what backends stored in the object store, to be purged.
    """
    return Author(
        declare=partial(declared_dags, setting=settings.core.semantics),
        prepare=partial(_prepare, settings),
        begin=_begin,
        purge=purged_values if large is None else partial(purged_values, large=large),
        secrets_ttl_s=settings.secrets.cache_ttl_seconds if settings.secrets.use_cache else 0.0,
    )


def _begin(path: str, timeout_s: float) -> float:
    """Load the deployment's own code; return how long importing this file may take."""
    from windward.sdk import extensions
    from windward.sdk.policies import import_timeout_s

    extensions.load()
    return import_timeout_s(path, timeout_s)


def purged_values(
    items: Sequence[DeadXCom], *, large: LargeValues | None = None
) -> Iterable[tuple[int, str]]:
    """Have the backends of these values purge them; yield each with what went wrong."""
    from windward.sdk.purging import purge

    return purge(items, large=large)


def _prepare(settings: Settings) -> None:
    sys.path.append(str(settings.home / "plugins"))
    configure(settings)
    from windward.sdk import extensions

    extensions.look_up()  # looked for once, and imported in each child
    _warm_up()


def configure(settings: Settings) -> None:
    """Make the settings the defaults of what authors leave out, in this process."""
    from windward.sdk.setting_up import set_up

    set_up(settings, is_worker=False)


_SAMPLE = b"""
from datetime import datetime
from windward import DAG, PythonOperator, task

with DAG("sample", start_date=datetime(2026, 1, 1), schedule="@daily", default_args={"owner": "windward"}) as dag:
    @task
    def extract():
        return 1
    PythonOperator(task_id="first", python_callable=print, op_args=["{{ ds }}"]) >> extract()
"""


def _warm_up() -> None:
    """Take a sample the whole way, so that what is made on first use is made once, not in each child."""
    module = ModuleType("windward_dag_sample")
    exec(compile(_SAMPLE, "<sample>", "exec"), module.__dict__)  # noqa: S102 - our own text above
    for declared in declared_dags(Source(module, _SAMPLE, "/", "sample.py"), setting=None):
        if isinstance(declared.outcome, DagDocument):
            encode(declared.outcome)


def declared_dags(source: Source, *, setting: str | None) -> Iterable[Declared]:
    """Serialize each DAG of a module; an error of one DAG does not hide the others."""
    return (_with_windows(dag, declared) for dag, declared in live_dags(source, setting=setting))


def _with_windows(dag: Any, declared: Declared) -> Declared:
    """Ask a timetable of the author's own for the runs to come."""
    document = declared.outcome
    if not isinstance(document, DagDocument) or not isinstance(by_time(document.schedule), CustomSchedule):
        return declared
    from windward.processor.windows import ask_windows  # few DAGs have one

    try:
        windows, dates = ask_windows(dag, document)
        return replace(declared, windows=windows, dates=dates)
    except UserError as error:
        named = UserError(f"DAG `{document.dag_id}`: {error.message}", hint=error.hint)
        return replace(declared, outcome=named.with_traceback(error.__traceback__))
    except Exception as error:  # noqa: BLE001 - the author's code
        error.add_note(f"The timetable of DAG `{document.dag_id}` raised this.")
        return replace(declared, outcome=error)


def live_dags(source: Source, *, setting: str | None) -> Iterable[tuple[Any, Declared]]:
    """Yield each DAG object of a module that was just imported, with what it declares."""
    from windward.sdk.collect import collect_dags
    from windward.sdk.policies import is_kept
    from windward.sdk.semantics import detect
    from windward.sdk.serialize import to_document

    imports = _evidence(source)
    others = [(path, module) for path, module in modules_below(source.root) if module is not source.module]
    for dag in collect_dags(source.module):
        also_in = tuple(
            path for path, module in others if any(value is dag for value in vars(module).values())
        )
        try:
            if not is_kept(dag):
                continue
            semantics, reason = detect(imports, dag.semantics, setting)
            outcome: DagDocument | Exception = to_document(
                dag, fileloc=source.fileloc, code_hash="", semantics=semantics, semantics_reason=reason
            )
        except Exception as error:  # noqa: BLE001 - templates, params and subclasses are user code
            outcome = error
        yield dag, Declared(dag.dag_id, outcome, also_in)


def _evidence(source: Source) -> tuple[str, ...]:
    """Return what the file imports; when that says nothing, what modules of the DAG folder import for it."""
    from windward.sdk.semantics import imports_of

    imports = imports_of(source.data)
    if any(name.split(".")[0] in {"airflow", "windward"} for name in imports):
        return imports
    helpers: set[str] = set()
    for path, module in modules_below(source.root):
        if module is not source.module and path.endswith(".py"):
            try:
                helpers.update(imports_of(Path(source.root, path).read_bytes()))
            except OSError:
                continue  # Inside a zip, or gone.
    return (*imports, *sorted(helpers))
