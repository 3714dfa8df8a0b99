"""Find out every day which clocks will change within a year, from the time zone database that every machine has.

Written with decorated functions, the way of Airflow 3: what a task returns is handed to the tasks that take it as an
argument, and that is also their order. `@daily` means here that the run of a day starts when the day begins; `ds` is
that day.

    regions → changes_of_region (for each) → gather ─┬→ as_parameters ─┬→ load_changes → count_changes → summarise
    make_folder → make_table ────────────────────────┼─────────────────┘
                                                     └→ draw

What the runs make lies in `examples-output/` of the home folder: rows in `examples.sqlite`, and a picture to open in
a browser, whose path is the XCom of `draw`.
"""

import json
import logging
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import output
from zones import database, picture

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import dag, task

log = logging.getLogger(__name__)

AHEAD = timedelta(days=365)
"""How far ahead of its own day a run looks."""


@task
def regions():
    """Return the continents and oceans that zones are named after."""
    return sorted({zone.region for zone in database.zones()})


@task
def changes_of_region(region, ds=None):
    """Return the changes of one region; `ds` comes from the context because the function asks for it."""
    start = datetime.fromisoformat(ds).replace(tzinfo=UTC)
    zones = [zone for zone in database.zones() if zone.region == region]
    found = [
        change for zone in zones for change in database.changes_of(zone.name, start=start, end=start + AHEAD)
    ]
    log.info("%s: %d zones, %d changes", region, len(zones), len(found))
    return found  # dataclasses with datetimes inside pass between tasks as they are


@task
def gather(found):
    """Return the changes of all regions, the next one first."""
    return sorted((change for changes in found for change in changes), key=lambda c: (c.at, c.zone))


@task
def make_folder():
    output.FOLDER.mkdir(parents=True, exist_ok=True)


@task
def as_parameters(changes):
    """Return the rows as one value for the SQL to bind; the database takes the JSON apart."""
    rows = [{**asdict(change), "at": change.at.isoformat(), "region": change.region} for change in changes]
    return {"changes": json.dumps(rows)}


@task
def summarise(rows, changes, ds=None):
    """Print what the database says, and when the next change comes."""
    lines = [f"Clock changes within a year from {ds}", ""]
    lines += [f"{region:<12} {zones:>4} zones {changes:>4} changes" for region, zones, changes in rows]
    if changes:
        first = changes[0]
        lines += ["", f"Next: {first.zone} at {first.at:%Y-%m-%d %H:%M} UTC"]
    text = "\n".join(lines) + "\n"
    print(text)
    output.write_atomically(output.FOLDER / f"zone-changes-{ds}.txt", text)
    return {"changes": len(changes), "zones": len({change.zone for change in changes})}


@task
def draw(changes, ds=None):
    """Draw the picture and return its path."""
    start = date.fromisoformat(ds)
    path = output.FOLDER / f"zone-changes-{ds}.svg"
    output.write_atomically(path, picture.draw(database.zones(), changes, start=start, end=start + AHEAD))
    return str(path)


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["time zones"],
    template_searchpath=[str(Path(__file__).parent / "zones" / "templates")],
    default_args={"owner": "clockmakers", "retries": 2, "retry_delay": timedelta(seconds=10)},
    doc_md=__doc__,
)
def zone_changes():
    changes = gather(changes_of_region.expand(region=regions()))

    make_table = SQLExecuteQueryOperator(task_id="make_table", conn_id="examples", sql="make_table.sql")
    load_changes = SQLExecuteQueryOperator(
        task_id="load_changes",
        conn_id="examples",
        sql="load_changes.sql",
        parameters=as_parameters(changes),
        split_statements=True,
    )
    count_changes = SQLExecuteQueryOperator(
        task_id="count_changes", conn_id="examples", sql="count_changes.sql"
    )

    make_folder() >> make_table >> load_changes >> count_changes
    summarise(count_changes.output, changes)
    draw(changes)


zone_changes()
