"""Mail as a callback: `SmtpNotifier`, and Airflow's `send_smtp_notification`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from windward.sdk.mail import send_email
from windward.sdk.notifiers.base import BaseNotifier

DEFAULT_SUBJECT = (
    "DAG {{ dag.dag_id }} - run {{ run_id }}{% if ti is defined %} - task {{ ti.task_id }}{% endif %}"
)
DEFAULT_CONTENT = """\
<p>DAG <b>{{ dag.dag_id }}</b>, run <b>{{ run_id }}</b>{% if ti is defined %},
task <b>{{ ti.task_id }}</b>, try {{ ti.try_number }}{% endif %}</p>
{% if exception is defined and exception %}<pre>{{ exception | string | e }}</pre>{% endif %}
{% if reason is defined and reason %}<p>{{ reason | e }}</p>{% endif %}
"""


class SmtpNotifier(BaseNotifier):
    """Send a mail. Without a subject and content it tells which DAG, run and task, and the exception."""

    template_fields: Sequence[str] = (
        "from_email", "to", "subject", "html_content", "files", "cc", "bcc", "mime_subtype", "mime_charset",
        "custom_headers",
    )  # fmt: skip

    def __init__(
        self,
        to: str | Iterable[str],
        from_email: str | None = None,
        subject: str | None = None,
        html_content: str | None = None,
        files: list[str] | None = None,
        cc: str | Iterable[str] | None = None,
        bcc: str | Iterable[str] | None = None,
        mime_subtype: str = "mixed",
        mime_charset: str = "utf-8",
        custom_headers: dict[str, Any] | None = None,
        smtp_conn_id: str | None = None,
        template: str | None = None,
        **_more: Any,
    ) -> None:
        super().__init__()
        self.smtp_conn_id = smtp_conn_id
        self.to = to
        self.from_email = from_email
        self.subject = subject or DEFAULT_SUBJECT
        self.html_content = html_content or (
            Path(template).read_text("utf-8") if template else DEFAULT_CONTENT
        )
        self.files = files
        self.cc = cc
        self.bcc = bcc
        self.mime_subtype = mime_subtype
        self.mime_charset = mime_charset
        self.custom_headers = custom_headers

    def notify(self, context: Any) -> None:
        """Send the mail."""
        del context
        send_email(
            self.to,
            self.subject,
            self.html_content,
            files=self.files,
            cc=self.cc,
            bcc=self.bcc,
            mime_charset=self.mime_charset,
            conn_id=self.smtp_conn_id,
            custom_headers=self.custom_headers,
            from_email=self.from_email,
        )


send_smtp_notification = SmtpNotifier
"""Airflow's name for a callback."""
