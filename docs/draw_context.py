"""Draws the table of context keys from the code, with the values that a sample run would see. Part of `draw.py`."""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from windward.model.states import RunType, Semantics
from windward.protocol.work import RunContext, TaskContext
from windward.sdk import macros
from windward.sdk.context import build_context
from windward.sdk.context_values import DEPRECATED, MAKERS
from windward.sdk.dag import DAG
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.params import Param

START, END, BEFORE = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 1))

ALWAYS = {
    "dag": "the DAG",
    "dag_run": "the run: `run_id`, `run_type`, `conf`, `logical_date`, `run_after` and so on",
    "run_id": "id of the run",
    "task": "the task, with its fields rendered",
    "ti": "the task instance: `xcom_pull`, `xcom_push`, `try_number`, `map_index` and so on",
    "task_instance": "the same as `ti`",
}
FETCHED = {
    "var": "Variables: `var.value.NAME`, or `var.json.NAME` read as JSON",
    "conn": "connections: `conn.ID.host` and so on",
    "macros": "functions and modules, see below",
    "conf": "the configuration, as `conf.get(section, key)`",
    "templates_dict": "what the task was given under that name",
    "inlets": "what the task declares",
    "outlets": "what the task declares",
    "map_index_template": "what the task declares",
    "inlet_events": "events of the assets that the task reads, see [assets](assets.md)",
    "outlet_events": "takes notes about the assets that the task writes, see [assets](assets.md)",
    "triggering_asset_events": "the asset events that the run was made of, by asset",
    "triggering_dataset_events": "the same by URI",
    "expanded_ti_count": "number of instances of a mapped task",
    "prev_start_date_success": "start of the last successful run before this one",
    "prev_end_date_success": "end of the last successful run before this one",
    "prev_data_interval_start_success": "of the last successful run before this one",
    "prev_data_interval_end_success": "of the last successful run before this one",
    "prev_execution_date_success": "logical date of the last successful run before this one",
    "partition_key": "`None`: partitioned runs come with a later release",
    "partition_date": "`None`: partitioned runs come with a later release",
}
"""Keys whose value in a sample run would say nothing: what they hold."""


def page(drawn: str) -> str:
    """Return the text of `context.md`."""
    return "\n".join(
        [
            "# Context",
            "",
            drawn,
            "",
            "What templates, task functions and callbacks know of the run they belong to.",
            "A task function gets a key by naming it as a parameter; `get_current_context()` returns all.",
            "A value is computed when it is first read.",
            "",
            f"The values are those of the scheduled run of a daily DAG for {START:%-d %B %Y}, with the param `country`.",
            "",
            "| key | value |",
            "|---|---|",
            *_rows([*ALWAYS, *(key for key in MAKERS if key not in DEPRECATED)]),
            "",
            f"`macros` has {_macros()}.",
            "`ds`, `ds_nodash`, `ts`, `ts_nodash` and `ts_nodash_with_tz` are filters, too: `{{ data_interval_end | ds }}`.",
            "",
            "## Keys of Airflow 2",
            "",
            "They are there in every DAG, and reading one warns.",
            "",
            "| key | value | use instead |",
            "|---|---|---|",
            *(
                f"{row} {f'`{_cell(DEPRECATED[key])}`' if DEPRECATED[key] else ''} |"
                for key, row in zip(DEPRECATED, _rows(list(DEPRECATED)), strict=True)
            ),
            "",
        ]
    )


def _macros() -> str:
    names = [f"`{name}`" for name in macros.__all__]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _rows(keys: list[str]) -> Iterator[str]:
    context = _sample()
    for key in keys:
        text = ALWAYS.get(key) or FETCHED.get(key) or _shown(context, key)
        yield f"| `{key}` | {text} |"


def _shown(context: Any, key: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        value = context[key]
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sample() -> Any:
    dag = DAG(
        "orders",
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        params={"country": Param("NO")},
    )
    task = EmptyOperator(task_id="load", dag=dag)
    run = RunContext(
        run_pk=1,
        dag_id="orders",
        run_id=f"scheduled__{START.isoformat()}",
        run_type=RunType.SCHEDULED,
        run_after=END,
        logical_date=START,
        data_interval_start=START,
        data_interval_end=END,
        start_date=END,
    )
    work = TaskContext(
        run=run,
        dag_id="orders",
        task_id="load",
        map_index=-1,
        try_number=1,
        max_tries=2,
        start_date=END,
        semantics=Semantics.AIRFLOW2,
        prev_logical_date=BEFORE,
        next_logical_date=END,
    )
    return build_context(task, work, dag)
