"""Teams, Discord, Telegram and a hundred others, by the package `apprise`: `AppriseNotifier`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from windward.sdk.connection import read
from windward.sdk.exceptions import AirflowException, AirflowOptionalProviderFeatureException
from windward.sdk.masking import mask_secret
from windward.sdk.notifiers.base import BaseNotifier


class AppriseNotifier(BaseNotifier):
    """Send a message to the services that Apprise URLs name, in `urls` or in the extra `config` of a connection."""

    template_fields: Sequence[str] = ("body", "title", "tag", "attach", "urls")

    def __init__(
        self,
        *,
        body: str,
        title: str | None = None,
        urls: str | Iterable[str] | None = None,
        notify_type: Any = "info",
        body_format: Any = "text",
        tag: str | Iterable[str] = "all",
        attach: Any = None,
        interpret_escapes: bool | None = None,
        config: Any = None,
        apprise_conn_id: str = "apprise_default",
        **_more: Any,
    ) -> None:
        super().__init__()
        self.apprise_conn_id = apprise_conn_id
        self.urls = urls
        self.body = body
        self.title = title or ""
        self.notify_type = notify_type
        self.body_format = body_format
        self.tag = tag
        self.attach = attach
        self.interpret_escapes = interpret_escapes
        self.config = config

    def notify(self, context: Any) -> None:
        """Send the message. Raises `AirflowException` when a service did not take it."""
        del context
        apprise = _library()
        sender = apprise.Apprise()
        for url, tags in self._targets():
            mask_secret(url)
            if not sender.add(url, tag=tags):
                raise AirflowException(
                    f"`{url.partition('://')[0]}://…` is no address that Apprise understands\n\n"
                    "hint: Each service's form is described in the documentation of Apprise."
                )
        if not len(sender):
            raise AirflowException("`AppriseNotifier` has no address\n\nhint: Give it `urls=`.")
        done = sender.notify(
            body=self.body,
            title=self.title,
            notify_type=self.notify_type,
            body_format=self.body_format,
            tag=self.tag,
            attach=self.attach,
            interpret_escapes=self.interpret_escapes,
        )
        if not done:
            raise AirflowException("at least one service did not take the message; the log above says which")

    def _targets(self) -> list[tuple[str, Any]]:
        if self.urls:
            listed = [self.urls] if isinstance(self.urls, str) else list(self.urls)
            return [(url, None) for url in listed]
        config = self.config or read(self.apprise_conn_id).extra_dejson.get("config") or []
        entries = [config] if isinstance(config, dict) else config
        return [(entry["path"], entry.get("tag")) for entry in entries]


def _library() -> Any:
    try:
        return importlib.import_module("apprise")
    except ImportError as error:
        raise AirflowOptionalProviderFeatureException(
            "`AppriseNotifier` needs the package `apprise`\n\nhint: `pip install windward[apprise]`"
        ) from error


send_apprise_notification = AppriseNotifier
"""Airflow's name for a callback."""
