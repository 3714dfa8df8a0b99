"""Rows of every kind for a DAG, so that whoever walks over all operations finds something.

Each text that belongs to the DAG starts with its name: an answer that holds the name shows something of the DAG.
"""

from datetime import timedelta
from typing import Any

from tests.api.conftest import NOW
from tests.store.building import T0, create, document_of, expand, put_dags, run_of, step, task_in, xcom
from windward.api.attempt_logs import attempt_log
from windward.api.services import Services
from windward.core.actions import AddAssetEvent, CreateBackfill, LinkRun, move_run
from windward.core.asset_index import asset_id
from windward.core.human_input import decide_ask
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import AliasDocument, AssetDocument, GroupDocument, TaskDocument
from windward.logs.records import encode_line
from windward.model.accounts import AuditEvent
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import AssetEventRecord, BackfillRecord, RunParent
from windward.model.states import RunState
from windward.model.waits import InputRequest
from windward.protocol.outcomes import AwaitsInput, Ending, ExitFact
from windward.store.sql.open import SqlStore
from windward.timetable import AliasLeaf, AllOf, AssetLeaf, AssetSchedule, asset_key
from windward.timetable.authoring import cron_trigger

RUN, ENDED, ENTANGLED = "run", "ended", "entangled"
URI = "s3://shelf/orders"
ORDERS = AssetLeaf(name="orders", uri=URI)
ASSET_ID = asset_id(asset_key("orders", URI))
"""An asset that all DAGs write and wait for."""


def fields_of(name: str, code_hash: str) -> dict[str, Any]:
    """Return what a DAG's document says."""
    return {
        "fileloc": f"{name}.py",
        "code_hash": code_hash,
        "tasks": (
            TaskDocument(
                task_id=f"{name}_task",
                operator="PythonOperator",
                outlets=(ORDERS, AliasLeaf(name="fresh")),
                extra_links=("Jobs",),
                link_keys=("_link",),
            ),
            TaskDocument(task_id=f"{name}_group.many", operator="PythonOperator", group_id=f"{name}_group"),
            TaskDocument(task_id=f"{name}_ask", operator="HITLOperator"),
        ),
        "groups": (GroupDocument(group_id=f"{name}_group", label="group"),),
        "tags": (f"{name}_tag",),
        "assets": (AssetDocument(name="orders", uri=URI),),
        "aliases": (AliasDocument(name="fresh"),),
        "schedule": AssetSchedule(condition=AllOf(parts=(ORDERS, AssetLeaf(name="other")))),
        "warnings": (f"pool `{name}_pool` does not exist",),
    }


def fill(services: Services, store: SqlStore, name: str, number: int) -> None:
    """Fill the store with rows of the DAG `<name>_dag`. `number` tells its rows' numbers from others'."""
    dag_id = f"{name}_dag"
    code_hash = services.execution.code.save(services.settings.home, {f"{name}.py": f"# {name}".encode()})
    fields = fields_of(name, code_hash)
    document_hash = document_of(dag_id, **fields)[0]
    put_dags(store, dag_id, **fields)
    hourly = cron_trigger("@hourly", timezone="UTC")
    put_dags(
        store, f"{name}_hourly", fileloc=f"{name}_h.py", schedule=hourly, start_date=NOW - timedelta(days=9)
    )
    error = FileRecord(
        fileloc=f"{name}_h.py",
        content_hash="x",
        dag_ids=(f"{name}_hourly",),
        error=f"{name} error",
        parsed_at=NOW,
    )
    store.catalog.put_file(error, [], paused_at_creation=False, now=NOW)
    for event_pk in (number, 100 + number):
        event = AssetEventRecord(
            event_pk=event_pk,
            asset_key=asset_key("orders", URI),
            name="orders",
            uri=URI,
            at=T0,
            source_dag_id=dag_id,
            source_task_id=f"{name}_task",
            source_run_id=f"{name}_{RUN}",
        )
        assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=(dag_id,))]]).all
    _runs(services, store, name, number, document_hash)
    backfill = BackfillRecord(backfill_pk=number, dag_id=dag_id, from_date=T0, to_date=T0, created_at=T0)
    assert store.runs.apply([[CreateBackfill(backfill=backfill, slots=())]]).all
    store.audit.write_events(
        [AuditEvent(at=NOW, event="trigger_dag_run", owner="ada", status=200, dag_id=dag_id)]
    )


def entangle(store: SqlStore, name: str, other: str) -> None:
    """Give the filled DAG `<name>_dag` a run that `<other>_dag` is behind, by an event and by a trigger, and a file
    with a DAG of the other.
    """
    dag_id, run_pk, event_pk = f"{name}_dag", 900, 901
    event = AssetEventRecord(
        event_pk=event_pk,
        asset_key=asset_key("orders", URI),
        name="orders",
        uri=URI,
        at=T0,
        source_dag_id=f"{other}_dag",
        source_task_id=f"{other}_task",
        source_run_id=f"{other}_{RUN}",
        extra={"rows": f"{other} rows"},
    )
    other_dag_ids = (dag_id, f"{other}_dag")
    assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=other_dag_ids)]]).all
    details = store.reads.dag_details(dag_id)
    assert details is not None
    for number, dag in enumerate(other_dag_ids):
        run = run_of(
            run_pk + number,
            dag_id=dag,
            run_id=f"{dag.removesuffix('_dag')}_{ENTANGLED}",
            document_hash=details.record.document_hash,
            logical_date=None,
        )
        assert store.runs.apply([[create(run, f"{name}_task", consumes=(event_pk,))]]).all
    parent = RunParent(
        run_pk=1,
        dag_id=f"{other}_dag",
        run_id=f"{other}_{RUN}",
        task_id=f"{other}_task",
        map_index=-1,
        since=T0,
    )
    assert store.runs.apply([[LinkRun(run_pk=run_pk, parent=parent)]]).all
    put_dags(store, f"{name}_shared", f"{other}_shared", fileloc="shared.py")
    error = FileRecord(
        fileloc="shared.py",
        content_hash="x",
        dag_ids=(f"{name}_shared", f"{other}_shared"),
        error=f"{other} shared error",
        parsed_at=NOW,
    )
    store.catalog.put_file(error, [], paused_at_creation=False, now=NOW)


def _runs(services: Services, store: SqlStore, name: str, number: int, document_hash: str) -> None:
    dag_id, many, ask = f"{name}_dag", f"{name}_group.many", f"{name}_ask"
    first, second = number * 10, number * 10 + 1
    runs = [
        run_of(
            first, dag_id=dag_id, run_id=f"{name}_{RUN}", document_hash=document_hash, conf={"k": f"{name} conf"},
            state=RunState.RUNNING, start_date=NOW, triggering_user=f"{name}_user",
        ),
        run_of(
            second, dag_id=dag_id, run_id=f"{name}_{ENDED}", document_hash=document_hash,
            state=RunState.RUNNING, start_date=NOW,
        ),
    ]  # fmt: skip
    consumed: list[tuple[int, ...]] = [(), (100 + number,)]
    for run, consumes in zip(runs, consumed, strict=True):
        assert store.runs.apply([[create(run, f"{name}_task", many, ask, consumes=consumes)]]).all
    assert store.runs.apply([[expand(first, many, 2)]]).all
    failed = move_run(store.runs.load_runs([second])[0], RunEvent.FAIL, at=NOW, end_date=NOW)
    assert store.runs.apply([[failed]]).all
    broken = TaskKey(first, many, 1)
    step(store, broken, TaskEvent.QUEUE, try_number=1)
    step(store, broken, TaskEvent.START, owner="h")
    step(store, broken, TaskEvent.FAIL, end_date=NOW, reason=f"{name} reason")
    task, question = TaskKey(first, f"{name}_task"), TaskKey(first, ask)
    for key in (task, question):
        step(store, key, TaskEvent.QUEUE, try_number=1)
        step(store, key, TaskEvent.START, owner="h")
    outcome = AwaitsInput(
        request=InputRequest(subject=f"{name} subject", options=("Yes", "No")),
        next_method="go_on",
        next_kwargs=b"",
        timeout_s=3600,
    )
    ending = Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=T0)
    assert store.runs.apply([[decide_ask(task_in(store, question), outcome, ending, now=T0)]]).all
    for xcom_key, text in ((f"{name}_key", f'"{name} value"'), ("_link", f'"https://{name}.test/"')):
        store.xcoms.set_xcom(task, xcom_key, xcom(text), fence=1, now=NOW)
    store.states.set_task_state(task, f"{name}_state", '"v"', fence=1, now=NOW, expires_at=None)
    log = attempt_log(
        services,
        dag_id=dag_id,
        run_id=f"{name}_{RUN}",
        task_id=f"{name}_task",
        map_index=-1,
        try_number=1,
    )
    line = encode_line(at=NOW, level="info", event=f"{name} line", logger="task", source="task", fields={})
    services.execution.logs.append(log.path, line)
