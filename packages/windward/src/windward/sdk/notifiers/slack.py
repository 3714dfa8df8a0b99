"""Slack by an incoming webhook: `SlackWebhookNotifier`, and Airflow's `send_slack_webhook_notification`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from windward.sdk.connection import read
from windward.sdk.exceptions import AirflowException
from windward.sdk.masking import mask_secret
from windward.sdk.notifiers.base import BaseNotifier
from windward.sdk.notifiers.web import TIMEOUT_S, post_json

HOOKS_ADDRESS = "https://hooks.slack.com/services/"


class SlackWebhookNotifier(BaseNotifier):
    """Post a message to Slack, by a `url` or by the connection `slack_webhook_conn_id`.

    The connection has the address in its host and the token in its password, as the Slack provider reads it.
    """

    template_fields: Sequence[str] = (
        "slack_webhook_conn_id", "text", "attachments", "blocks", "channel", "username", "icon_emoji", "icon_url",
        "unfurl_links", "unfurl_media", "proxy", "timeout", "url",
    )  # fmt: skip

    def __init__(
        self,
        *,
        slack_webhook_conn_id: str = "slack_webhook_default",
        url: str | None = None,
        text: str = "",
        blocks: Sequence[Any] | None = None,
        attachments: Sequence[Any] | None = None,
        channel: str | None = None,
        username: str | None = None,
        icon_emoji: str | None = None,
        icon_url: str | None = None,
        unfurl_links: bool | None = None,
        unfurl_media: bool | None = None,
        timeout: float | None = None,
        proxy: str | None = None,
        retry_handlers: Any = None,
        **_more: Any,
    ) -> None:
        super().__init__()
        self.slack_webhook_conn_id = slack_webhook_conn_id
        self.url = url
        self.text = text
        self.blocks = blocks
        self.attachments = attachments
        self.channel = channel
        self.username = username
        self.icon_emoji = icon_emoji
        self.icon_url = icon_url
        self.unfurl_links = unfurl_links
        self.unfurl_media = unfurl_media
        self.timeout = timeout
        self.proxy = proxy
        self.retry_handlers = retry_handlers

    def notify(self, context: Any) -> None:
        """Post the message."""
        del context
        names = (
            "text", "blocks", "attachments", "channel", "username", "icon_emoji", "icon_url", "unfurl_links", "unfurl_media",
        )  # fmt: skip
        payload = {name: value for name in names if (value := getattr(self, name)) not in (None, "")}
        address = self._address()
        mask_secret(address)
        post_json(address, payload, timeout_s=self.timeout or TIMEOUT_S, service="Slack")

    def _address(self) -> str:
        if self.url:
            return self.url
        connection = read(self.slack_webhook_conn_id)
        token, host = str(connection.password or ""), str(connection.host or "")
        if token.startswith(("http://", "https://")):
            return token
        if host and "://" not in host:
            host = f"{connection.schema or 'https'}://{host}"
        base = host or HOOKS_ADDRESS
        address = urljoin(base if base.endswith("/") or not token else f"{base}/", token.lstrip("/"))
        if not token and not host:
            raise AirflowException(
                f"connection `{self.slack_webhook_conn_id}` has no webhook\n\nhint: Put the address of the incoming "
                "webhook into its password, or give the notifier `url=`."
            )
        return address


send_slack_webhook_notification = SlackWebhookNotifier
"""Airflow's name for a callback: `on_failure_callback=[send_slack_webhook_notification(...)]`."""
