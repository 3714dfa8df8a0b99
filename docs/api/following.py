"""Quoted by following.md: wait for the end of a run by listening, from Python."""

import json
import os
import urllib.request

SERVER = os.environ["WINDWARD"]
token = ""


def ask(path: str, body: object = None) -> urllib.request.Request:
    request = urllib.request.Request(SERVER + path, headers={"Authorization": f"Bearer {token}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    return request


def read(path: str, body: object = None) -> dict:
    with urllib.request.urlopen(ask(path, body), timeout=10) as answer:
        return json.load(answer)


token = read("/auth/token", {"username": "admin", "password": os.environ["PASSWORD"]})["access_token"]
with urllib.request.urlopen(ask("/api/windward/v1/events?dag_id=steps"), timeout=60) as lines:
    lines.readline()  # the stream has begun: what changes from here on is told
    made = read("/api/v2/dags/steps/dagRuns", {"logical_date": None})
    for line in lines:
        field, _, said = line.decode().partition(": ")
        run = json.loads(said) if field == "data" else {}
        if run.get("run_id") == made["dag_run_id"] and run["state"] in {"success", "failed"}:
            print("ended as", run["state"], "with", run["counts"])
            break
