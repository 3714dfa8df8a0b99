"""Quoted by installation.md: what runs, from Python."""

import base64
import json
import os
import urllib.request

SIGN_IN = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()
request = urllib.request.Request(os.environ["WINDWARD"] + "/api/v2/jobs?order_by=-latest_heartbeat")
request.add_header("Authorization", f"Basic {SIGN_IN}")
with urllib.request.urlopen(request, timeout=10) as answer:
    jobs = json.load(answer)["jobs"]
for job in jobs:
    print(job["job_type"], "on", job["hostname"], "is", job["state"])
