"""Quoted by dags-and-runs.md: a run that is made, waited for and read, from Python."""

import base64
import json
import os
import urllib.request

SERVER = os.environ["WINDWARD"]
NAME = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()


def ask(path: str, body: object = None) -> bytes:
    request = urllib.request.Request(SERVER + path, headers={"Authorization": f"Basic {NAME}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


made = json.loads(ask("/api/v2/dags/hello/dagRuns", {"logical_date": None, "conf": {"name": "Ada"}}))
path = f"/api/v2/dags/hello/dagRuns/{made['dag_run_id']}"
lines = ask(f"{path}/wait?interval=0.2&result=greet").splitlines()
end = json.loads(lines[-1])
print(end["state"], end["results"]["greet"])

done = json.loads(ask("/api/v2/dags/hello/dagRuns?state=success&order_by=-run_after&limit=1"))
print(done["total_entries"] > 0, done["dag_runs"][0]["dag_run_id"] == made["dag_run_id"])
