"""Quoted by kept.md: a variable from Python."""

import base64
import json
import os
import urllib.request

SERVER = os.environ["WINDWARD"]
SIGN_IN = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()


def ask(method: str, path: str, body: object = None) -> object:
    request = urllib.request.Request(SERVER + path, method=method)
    request.add_header("Authorization", f"Basic {SIGN_IN}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


ask("POST", "/api/v2/variables", {"key": "limits", "value": {"rows": 100}})
limits = ask("GET", "/api/v2/variables/limits")
print("at most", json.loads(limits["value"])["rows"], "rows")
ask("DELETE", "/api/v2/variables/limits")
