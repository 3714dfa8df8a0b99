"""One POST of JSON, with a time limit; what the notifiers of web services need of HTTP, by the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from windward.sdk.exceptions import AirflowException

TIMEOUT_S = 30.0
ANSWER_CHARS_MAX = 200


def post_json(url: str, payload: Any, *, timeout_s: float = TIMEOUT_S, service: str) -> str:
    """Send a payload and return the answer's text. Raises `AirflowException` that does not show the URL: it is a secret."""
    if not url.startswith(("https://", "http://")):
        raise AirflowException(f"the webhook of {service} is no `https://` address")
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url, data=json.dumps(payload).encode(), headers={"Content-Type": "application/json; charset=utf-8"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - the scheme was checked
            return str(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")[:ANSWER_CHARS_MAX]
        raise AirflowException(f"{service} refused the message: HTTP {error.code} {said}") from None
    except OSError as error:
        raise AirflowException(f"{service} cannot be reached: {error}") from None
