"""Record what Airflow answers: run by hand with the Python of an environment that has apache-airflow 3.1 or 2.11.

    python record.py > airflow-3.1.json

Not part of any test run. Each case is a timetable, a restriction, the last interval and the time; the answer is what
`next_dagrun_info` returned. The clock is replaced, because Airflow's timetables read it themselves.
"""

# mypy: ignore-errors
# Airflow is not installed where types are checked.
# ruff: noqa: ANN001, ANN201, ANN202
from __future__ import annotations

import importlib
import itertools
import json
import sys
from datetime import UTC, datetime, timedelta

import pendulum
from dateutil.relativedelta import relativedelta

import airflow
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.simple import ContinuousTimetable, OnceTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

CLOCK = {"now": datetime(2024, 1, 1, tzinfo=UTC)}
EVENTS = ["2024-03-01T00:00:00+00:00", "2024-03-12T09:30:00+00:00", "2024-06-01T00:00:00+00:00"]
CRONS = [
    "0 0 * * *",
    "30 2 * * *",
    "0 * * * *",
    "*/20 * * * *",
    "0 0 * * 0",
    "15 3 1 * *",
    "0 9-17/4 * * MON-FRI",
]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]
NOWS = [
    "2024-01-31T12:34:56+00:00",
    "2024-02-01T00:00:00+00:00",
    "2024-03-10T07:15:00+00:00",
    "2024-03-31T01:10:00+00:00",
    "2024-11-03T06:10:00+00:00",
    "2024-11-04T05:00:00+00:00",
]
EARLIEST = [None, "2024-01-15T06:07:08+00:00", "2024-03-10T05:00:00+00:00", "2025-01-01T00:00:00+00:00"]


def at(text):
    return None if text is None else pendulum.instance(datetime.fromisoformat(text))


def iso(value):
    return datetime.fromtimestamp(value.timestamp(), UTC).isoformat()


def freeze():
    def now():
        return pendulum.instance(CLOCK["now"])

    for name in ("interval", "trigger", "simple", "events"):
        module = importlib.import_module(f"airflow.timetables.{name}")
        if hasattr(module, "utcnow"):
            module.utcnow = now
        if hasattr(module, "timezone"):
            module.timezone.utcnow = now
        if hasattr(module, "time"):
            module.time.time = lambda: CLOCK["now"].timestamp()  # noqa: PLW0108 - the clock moves


def delta_of(data):
    return timedelta(seconds=data) if isinstance(data, (int, float)) else relativedelta(**data)


def build(spec):
    kind = spec["kind"]
    if kind == "once":
        return OnceTimetable()
    if kind == "continuous":
        return ContinuousTimetable()
    if kind == "events":
        return EventsTimetable([at(x) for x in spec["events"]], restrict_to_events=spec["restrict"])
    if kind == "cron_interval":
        return CronDataIntervalTimetable(spec["cron"], pendulum.timezone(spec["zone"]))
    if kind == "delta_interval":
        return DeltaDataIntervalTimetable(delta_of(spec["delta"]))
    if kind == "delta_trigger":
        return DeltaTriggerTimetable(delta_of(spec["delta"]), interval=delta_of(spec["interval"]))
    zone = pendulum.timezone(spec["zone"])
    interval = delta_of(spec.get("interval", 0))
    more = {}
    if "run_immediately" in spec:
        value = spec["run_immediately"]
        more["run_immediately"] = timedelta(seconds=value) if type(value) is float else value
    if kind == "multiple_cron":
        from airflow.timetables.trigger import MultipleCronTriggerTimetable

        return MultipleCronTriggerTimetable(*spec["crons"], timezone=zone, interval=interval, **more)
    return CronTriggerTimetable(spec["cron"], timezone=zone, interval=interval, **more)


def specs():
    for cron, zone in itertools.product(CRONS, ZONES):
        yield {"kind": "cron_interval", "cron": cron, "zone": zone}
        yield {"kind": "cron_trigger", "cron": cron, "zone": zone, "interval": 0}
    yield {"kind": "cron_trigger", "cron": "0 0 * * *", "zone": "UTC", "interval": 3600}
    yield {"kind": "cron_trigger", "cron": "0 0 1 * *", "zone": "UTC", "interval": {"months": 1}}
    for delta in (3600, 86400, 5400.5, {"months": 1}, {"days": 1, "hours": 6}):
        yield {"kind": "delta_interval", "delta": delta}
        yield {"kind": "delta_trigger", "delta": delta, "interval": 0}
    yield {"kind": "delta_trigger", "delta": 86400, "interval": {"months": 1}}
    if not airflow.__version__.startswith("2"):
        for value in (True, False, None, 60.0, 1e6):
            yield {"kind": "cron_trigger", "cron": "0 * * * *", "zone": "UTC", "run_immediately": value}
            yield {"kind": "cron_trigger", "cron": "0 0 * * *", "zone": "UTC", "run_immediately": value}
        yield {"kind": "multiple_cron", "crons": ["0 9 * * *", "30 9 * * MON"], "zone": "Europe/Berlin"}
        yield {"kind": "multiple_cron", "crons": ["0 0 1 * *", "0 * * * *"], "zone": "UTC", "interval": 60}
    yield {"kind": "once"}
    yield {"kind": "continuous"}
    yield {"kind": "events", "events": EVENTS, "restrict": False}
    yield {"kind": "events", "events": EVENTS, "restrict": True}


def main():
    freeze()
    is_old = airflow.__version__.startswith("2")
    groups = []
    for number, spec in enumerate(specs()):
        if is_old and spec["kind"] not in {"cron_interval", "delta_interval", "continuous", "events"}:
            continue  # 2.x makes data intervals of plain schedules; its trigger timetables are those of 3.x
        timetable, cases = build(spec), []
        for index, (now, earliest, catchup) in enumerate(itertools.product(NOWS, EARLIEST, (True, False))):
            if (index + number) % 5 == 0:  # every fifth case: 5 shares no factor with the 48 combinations
                latest = "2024-03-12T00:00:00+00:00" if index % 7 == 0 else None
                cases.append(answer(timetable, now=now, earliest=earliest, latest=latest, catchup=catchup))
        groups.append({"spec": spec, "cases": cases})
    lines = ",\n".join(json.dumps(group, separators=(",", ":")) for group in groups)
    sys.stdout.write(f'{{"airflow":"{airflow.__version__}","groups":[\n{lines}\n]}}\n')


def answer(timetable, *, now, earliest, latest, catchup):
    CLOCK["now"] = datetime.fromisoformat(now)
    restriction = TimeRestriction(at(earliest), at(latest), catchup)
    last, slots = None, []
    for _ in range(3):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None:
            slots.append(None)
            break
        slots.append([iso(info.run_after), iso(info.data_interval.start), iso(info.data_interval.end)])
        if info.run_after > CLOCK["now"]:
            break
        last = DataInterval(info.data_interval.start, info.data_interval.end)
    manual = timetable.infer_manual_data_interval(run_after=at(now))
    return {
        "now": now,
        "earliest": earliest,
        "latest": latest,
        "catchup": catchup,
        "slots": slots,
        "manual": [iso(manual.start), iso(manual.end)],
    }


main()
