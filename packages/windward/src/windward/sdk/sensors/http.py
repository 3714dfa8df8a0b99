"""`HttpSensor`: waits until a server answers as it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from windward.sdk.call_arguments import keyword_arguments
from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException
from windward.sdk.http_request import (
    DEFAULT_CONN_ID,
    NOT_YET,
    HttpQuestion,
    answers,
)
from windward.sdk.sensor import BaseSensorOperator


class HttpSensor(BaseSensorOperator):
    """Ask an endpoint until the answer has a status below 400 and `response_check` is content.

    Args:
        endpoint: the path below the address of the connection.
        http_conn_id: the connection: host, schema, port, login, password; its extra has headers.
        method: GET, HEAD, POST, ….
        request_params: the query of GET and HEAD, the body of other methods.
        headers: further headers.
        response_error_codes_allowlist: statuses of 400 and more that mean "not yet"; 404 without it. `[]` is none.
        response_check: says of the response (and values of the context that it names) whether the wait is over.
        extra_options: `timeout` in seconds, `verify`, `allow_redirects`.
        deferrable: wait in the triggerer; with `response_check` the sensor waits here, for it is code of the DAG.
    """

    template_fields: Sequence[str] = ("endpoint", "request_params", "headers")

    def __init__(
        self,
        *,
        endpoint: str,
        http_conn_id: str = DEFAULT_CONN_ID,
        method: str = "GET",
        request_params: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        response_error_codes_allowlist: Sequence[str | int] | None = None,
        response_check: Callable[..., bool] | None = None,
        extra_options: Mapping[str, Any] | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        for name in (
            "tcp_keep_alive",
            "tcp_keep_alive_idle",
            "tcp_keep_alive_count",
            "tcp_keep_alive_interval",
        ):
            kwargs.pop(name, None)  # each look opens a connection of its own: there is nothing to keep alive
        super().__init__(**kwargs)
        if response_check is not None and not callable(response_check):
            raise AirflowException(
                f"`response_check` of sensor `{self.task_id}` is {response_check!r}; it is a function"
            )
        self.endpoint = endpoint
        self.http_conn_id = http_conn_id
        self.method = method
        self.request_params: Any = request_params or {}
        self.headers: Any = headers or {}
        allowed = NOT_YET if response_error_codes_allowlist is None else response_error_codes_allowlist
        self.response_error_codes_allowlist = tuple(str(code) for code in allowed)
        self.response_check = response_check
        self.extra_options = dict(extra_options or {})
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = default if deferrable is None else deferrable

    def poke(self, context: Any) -> bool:
        """Ask once."""
        self.log.info("Poking: %s", self.endpoint)
        response = self._question().ask()
        if not answers(response, not_yet=self.response_error_codes_allowlist):
            self.log.info("It answered %s %s", response.status_code, response.reason)
            return False
        if self.response_check is None:
            return True
        arguments = keyword_arguments(self.response_check, (response,), context)
        return bool(self.response_check(response, **arguments))

    def execute(self, context: Any) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable or self.response_check is not None:
            return super().execute(context)
        if self.poke(context):
            return None
        from windward.sdk.triggers.http import HttpTrigger  # only sensors that defer need it

        return self.defer(
            timeout=timedelta(seconds=self.timeout),
            trigger=HttpTrigger(
                endpoint=self.endpoint,
                http_conn_id=self.http_conn_id,
                method=self.method,
                data=self.request_params,
                headers=self.headers,
                extra_options=self.extra_options,
                not_yet=self.response_error_codes_allowlist,
                poke_interval=self.poke_interval,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """End: the server has answered."""
        del context
        self.log.info("%s answered %s", self.endpoint, event)

    def _question(self) -> HttpQuestion:
        return HttpQuestion(
            endpoint=self.endpoint,
            conn_id=self.http_conn_id,
            method=self.method,
            data=self.request_params,
            headers=self.headers,
            options=self.extra_options,
        )
