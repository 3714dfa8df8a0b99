"""Object stores of clouds on this machine: S3 by moto's server, Google Cloud Storage by its emulator (`tests.gcs`).

A server starts at its first use and stays; a test gets a bucket of its own.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

_numbers = itertools.count(1)


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
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, dispatcher, threaded=True)
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
    from tests.gcs import gcs_endpoint, make_gcs_bucket

    bucket, endpoint = f"bucket-{next(_numbers)}", gcs_endpoint()
    make_gcs_bucket(bucket)
    key = {
        "gcs_base_url": endpoint,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    extra: dict[str, object] = {"keyfile_dict": key, "endpoint": endpoint}
    environ = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}
    return Cloud(f"gs://{bucket}", environ, "google_cloud_platform", extra=extra)


CLOUDS: dict[str, Callable[[], Cloud]] = {"s3": s3, "gcs": gcs}
