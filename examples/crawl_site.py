"""Crawl a bookshop every night, load its books by SQL when there is something new, and report by Bash.

Written the way DAG files for Airflow 2 are written, and runs as it is: `schedule_interval` midnight means that the run
for a day starts when the day is over, and `ds` is that day.

The shop is served on loopback by the crawl itself (`crawl/shop.py`); no internet is needed. What the runs make lies
in `examples-output/` of the home folder: `examples.sqlite`, and a text file per day.

    prepare_folder → create_table → crawl → is_there_something_new ─┬→ load_books ─────┬→ summarise → report
                                                                    └→ nothing_is_new ─┘
"""

import logging
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import output
from crawl import shop, spider

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

log = logging.getLogger(__name__)


def prepare_folder():
    output.FOLDER.mkdir(parents=True, exist_ok=True)


def crawl_shop(ds):
    """Crawl the shop as it is on the day `ds`; return its books. A run of the same day finds the same books."""
    books = []
    with shop.open_shop(date.fromisoformat(ds)) as address:
        for path, page in spider.crawl(address, spider.fetch):
            if page is None:
                log.warning("%s is linked and does not exist", path)
            elif page.shelf is not None and page.price_cents is not None:
                log.info("%s: %s", path, page.title)
                books.append(
                    {"path": path, "title": page.title, "shelf": page.shelf, "price_cents": page.price_cents}
                )
    if not books:
        raise ValueError(f"the shop showed no books on {ds}; has its HTML changed?")
    return sorted(books, key=lambda book: book["path"])


def choose_by_news(ds, ti):
    """Return the id of the task to go on with: load when the books differ from those of the last day loaded."""
    crawled = {tuple(book.values()) for book in ti.xcom_pull(task_ids="crawl")}
    # Days before this one only: a run that is repeated decides as it did the first time.
    query = "SELECT path, title, shelf, price_cents FROM books WHERE ds = (SELECT max(ds) FROM books WHERE ds < ?)"
    with closing(sqlite3.connect(output.DATABASE)) as database:
        known = set(database.execute(query, (ds,)))
    log.info(
        "%d books are new or have another price, %d are gone", len(crawled - known), len(known - crawled)
    )
    return "nothing_is_new" if crawled == known else "load_books"


def note_success(context):
    _note(context, f"{context['dag_run'].run_id} succeeded")


def note_failure(context):
    _note(context, f"{context['dag_run'].run_id} failed: {context.get('reason') or context.get('exception')}")


def _note(context, text):
    """Keep how the last run ended. A real DAG would send a message here; see the notifiers for Slack and mail."""
    output.write_atomically(output.FOLDER / f"{context['dag'].dag_id}-last-run.txt", text + "\n")


default_args = {
    "owner": "crawlers",
    "depends_on_past": False,
    "start_date": datetime(2026, 1, 1),
    "end_date": datetime(2036, 1, 1),
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
}

with (
    DAG(
        dag_id="crawl_site",
        description="Crawl a bookshop, load what is new, report",
        default_args=default_args,
        schedule_interval="0 0 * * *",
        catchup=False,  # a new home begins with the last complete day; True would crawl every day since `start_date`
        max_active_runs=1,
        tags=["crawling"],
        template_searchpath=[str(Path(__file__).parent / "crawl" / "templates")],
        on_success_callback=note_success,
        on_failure_callback=note_failure,
        doc_md=__doc__,
    ) as dag
):
    prepare = PythonOperator(task_id="prepare_folder", python_callable=prepare_folder)

    create_table = SQLExecuteQueryOperator(
        task_id="create_table", conn_id="examples", sql="create_tables.sql", split_statements=True
    )

    crawl = PythonOperator(
        task_id="crawl", python_callable=crawl_shop, execution_timeout=timedelta(minutes=5)
    )

    is_there_something_new = BranchPythonOperator(
        task_id="is_there_something_new", python_callable=choose_by_news
    )

    load_books = SQLExecuteQueryOperator(
        task_id="load_books",
        conn_id="examples",
        sql="load_books.sql",
        parameters={"books": "{{ ti.xcom_pull(task_ids='crawl') | tojson }}"},
        split_statements=True,
    )

    nothing_is_new = EmptyOperator(task_id="nothing_is_new")

    # One of the two ways is always skipped. `all_success`, the usual rule, would skip what follows as well.
    summarise = SQLExecuteQueryOperator(
        task_id="summarise",
        conn_id="examples",
        sql="summarise.sql",
        trigger_rule="none_failed_min_one_success",
    )

    report = BashOperator(
        task_id="report",
        bash_command="report.sh",
        env={
            "DAY": "{{ ds }}",
            "REPORT": str(output.FOLDER / "books-{{ ds }}.txt"),
            "SHELVES": "{{ ti.xcom_pull(task_ids='summarise') | map('join', '|') | join('\n') }}",
        },
        append_env=True,
    )

    (
        prepare
        >> create_table
        >> crawl
        >> is_there_something_new
        >> [load_books, nothing_is_new]
        >> summarise
        >> report
    )
