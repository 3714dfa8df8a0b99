"""Object stores of clouds on this machine, by moto's server: S3, and Google Cloud Storage by its XML interface.

That interface of Google's is S3's with headers named `x-goog-` for `x-amz-`, and the one that obstore speaks; emulators of
Google's JSON interface do not have it. The server starts at its first use and stays; a test gets a bucket of its own.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

_numbers = itertools.count(1)
_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=key/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
"""How moto, which checks no signature, knows a request of the bucket's owner."""


@dataclass(frozen=True)
class Cloud:
    """A bucket: its URL, the environment variables that reach it, and a connection that does."""

    url: str
    environ: dict[str, str]
    conn_type: str
    login: str | None = None
    password: str | None = None
    extra: dict[str, object] = field(default_factory=dict)

    def by(self, conn_id: str) -> str:
        """Return the URL with a connection."""
        return self.url.replace("://", f"://{conn_id}@")

    @property
    def connection(self) -> dict[str, Any]:
        """The fields of a connection that reaches the bucket."""
        fields = {"conn_type": self.conn_type, "login": self.login, "password": self.password}
        return {**fields, "extra": json.dumps(self.extra)}


@cache
def _endpoint() -> str:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    dispatcher: Any = DomainDispatcherApplication(create_backend_app)

    def translated(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith("HTTP_X_GOOG_")]:
            environ[name.replace("X_GOOG", "X_AMZ")] = environ.pop(name)
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            environ["HTTP_AUTHORIZATION"] = _SIGNED
        for name in ("RAW_URI", "REQUEST_URI"):  # Google's client escapes more than moto reads
            path, mark, query = str(environ.get(name, "")).partition("?")
            environ[name] = quote(unquote(path)) + mark + query
        found: Iterable[bytes] = dispatcher(environ, start_response)
        return found

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, translated, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def _bucket() -> str:
    bucket = f"bucket-{next(_numbers)}"
    urllib.request.urlopen(urllib.request.Request(f"{_endpoint()}/{bucket}", method="PUT")).close()
    return bucket


def s3() -> Cloud:
    """Return a new bucket in S3."""
    endpoint, secret = _endpoint(), "secret-access-key"
    environ = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
    }
    extra: dict[str, object] = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    return Cloud(f"s3://{_bucket()}", environ, "aws", "key", secret, extra)


def gcs() -> Cloud:
    """Return a new bucket in Google Cloud Storage."""
    key = {
        "gcs_base_url": _endpoint(),
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    extra: dict[str, object] = {"keyfile_dict": key, "endpoint": _endpoint()}
    environ = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}
    return Cloud(f"gs://{_bucket()}", environ, "google_cloud_platform", extra=extra)


CLOUDS: dict[str, Callable[[], Cloud]] = {"s3": s3, "gcs": gcs}
