"""Quoted by accounts.md: signing in from Python."""

import json
import os
import urllib.request

SERVER = os.environ["WINDWARD"]


def ask(path: str, body: object = None, *, token: str = "") -> object:
    request = urllib.request.Request(SERVER + path)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


signed_in = ask("/auth/token", {"username": "admin", "password": os.environ["PASSWORD"]})
me = ask("/api/windward/v1/me", token=signed_in["access_token"])
print(me["username"], "may do", len(me["permissions"]), "things")
