"""Quoted by task-instances.md: all instances of a DAG page by page, and those that failed run again, from Python."""

import base64
import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator

SERVER = os.environ["WINDWARD"]
NAME = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()


def ask(path: str, body: object = None) -> dict:
    request = urllib.request.Request(SERVER + path, headers={"Authorization": f"Basic {NAME}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def instances(dag_id: str, **filters: str) -> Iterator[dict]:
    cursor = ""
    while cursor is not None:
        query = urllib.parse.urlencode({"limit": 2, "cursor": cursor, **filters})
        page = ask(f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?{query}")
        yield from page["task_instances"]
        cursor = page["next_cursor"]


print(sorted({one["state"] for one in instances("stock", order_by="-start_date")}))

failed = ask("/api/v2/dags/stock/clearTaskInstances", {"include_downstream": True, "dry_run": True})
print(sorted(f"{one['task_id']}[{one['map_index']}]" for one in failed["task_instances"]))
