"""Mails about failed and retried tasks: what `email`, `email_on_failure` and `email_on_retry` send.

Subject and body are Jinja templates, replaced by the files that `[email] subject_template` and
`html_content_template` name. They render with the task's context, and `exception_html`, `try_number`
and `max_tries` as in Airflow.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException
from windward.sdk.mail import addresses, send_email

SUBJECT = "Windward: {{ ti.dag_id }}.{{ ti.task_id }} is {{ ti.state }} ({{ ti.run_id }})"
BODY = """\
<p>Task <b>{{ ti.task_id }}</b> of DAG <b>{{ ti.dag_id }}</b>, run <code>{{ ti.run_id }}</code>\
{% if ti.map_index >= 0 %}, map index {{ ti.map_index }}{% endif %}: {{ ti.state }}.</p>
<p>Try {{ try_number }} of {{ max_tries }}.</p>
<pre>{{ exception_html }}</pre>
<p>Log: <a href="{{ ti.log_url }}">{{ ti.log_url }}</a></p>
"""
TEMPLATE_BYTES_MAX = 1_000_000


def send_alert(task: Any, context: Any) -> list[str]:
    """Send the mail about the end of the attempt in `context` and return who gets it.

    Raises:
        AirflowException: when a template cannot be read, or no server takes the mail.
    """
    receivers = addresses(task.email)
    subject, body = alert(context)
    send_email(receivers, subject, body, from_email=conf.get("email", "from_email", fallback=None) or None)
    return receivers


def alert(context: Any) -> tuple[str, str]:
    """Return subject and HTML body of the mail about the end of the attempt in `context`."""
    from jinja2.sandbox import SandboxedEnvironment

    ti = context["ti"]
    values = {
        "ti": ti,
        "task_instance": ti,
        "dag": context.get("dag"),
        "task": context.get("task"),
        "dag_run": context.get("dag_run"),
        "run_id": ti.run_id,
        "try_number": ti.try_number,
        "max_tries": ti.max_tries + 1,
        "exception": context.get("exception"),
        "exception_html": html.escape(str(context.get("exception") or "")).replace("\n", "<br>"),
    }
    # The mail is HTML; only `exception_html` comes escaped.
    body_environment = SandboxedEnvironment(autoescape=False)
    subject = body_environment.from_string(_template("subject_template", SUBJECT)).render(values)
    body = body_environment.from_string(_template("html_content_template", BODY)).render(values)
    return " ".join(subject.split()), body


def _template(key: str, default: str) -> str:
    path = conf.get("email", key, fallback=None)
    if not path:
        return default
    try:
        with Path(path).open("rb") as file:
            return file.read(TEMPLATE_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise AirflowException(f"the template `{path}` of `[email] {key}` cannot be read: {error}") from error
