"""Quoted by assets.md: report that an asset was written, and wait for the run that follows, from Python."""

import base64
import json
import os
import time
import urllib.parse
import urllib.request

SERVER = os.environ["WINDWARD"]
NAME = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()


def ask(path: str, body: object = None) -> dict:
    request = urllib.request.Request(SERVER + path, headers={"Authorization": f"Basic {NAME}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def asset_id(uri: str) -> int:
    query = urllib.parse.urlencode({"uri_prefix_pattern": uri})
    return next(one["id"] for one in ask(f"/api/v2/assets?{query}")["assets"] if one["uri"] == uri)


orders = asset_id("s3://shop/orders")
event = ask("/api/v2/assets/events", {"asset_id": orders, "extra": {"rows": 7}})
made = []
while not made:
    time.sleep(0.2)
    events = ask(f"/api/v2/assets/events?asset_id={orders}&order_by=-timestamp")["asset_events"]
    made = next(one["created_dagruns"] for one in events if one["id"] == event["id"])
print(*(run["dag_id"] for run in made))
