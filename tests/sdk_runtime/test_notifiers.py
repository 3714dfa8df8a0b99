"""Notifiers render, send to local servers, and say clearly what is missing."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.mails import MailSink, mail_sink
from tests.sdk_runtime.fakes import FakeBridge, running
from windward.sdk import deadline
from windward.sdk.alert_mail import alert, send_alert
from windward.sdk.dag import DAG
from windward.sdk.deadline import AsyncCallback, SyncCallback
from windward.sdk.exceptions import AirflowException
from windward.sdk.masking import mask_text
from windward.sdk.notifiers.apprise import AppriseNotifier
from windward.sdk.notifiers.base import BaseNotifier
from windward.sdk.notifiers.slack import SlackWebhookNotifier, send_slack_webhook_notification
from windward.sdk.notifiers.smtp import SmtpNotifier
from windward.sdk.operators.email import EmailOperator
from windward.sdk.operators.empty import EmptyOperator


class WebSink:
    """Keeps what is posted to it; answers with `status`."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, Any]] = []
        self.status = 200
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.posts.append((self.path, json.loads(body)))
                self.send_response(sink.status)
                self.end_headers()
                self.wfile.write(b"invalid_token" if sink.status >= 400 else b"ok")

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def web() -> Iterator[WebSink]:
    sink = WebSink()
    thread = threading.Thread(target=sink.server.serve_forever, daemon=True)
    thread.start()
    yield sink
    sink.server.shutdown()
    thread.join(10)
    sink.server.server_close()


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


def called(notifier: Any, *, bridge: FakeBridge | None = None, **more: Any) -> None:
    task = EmptyOperator(task_id="task", dag=DAG("dag", schedule=None))
    with running(task, bridge=bridge, more=more) as (context, _):
        notifier(context)


def test_slack_gets_the_rendered_message(web: WebSink) -> None:
    notifier = SlackWebhookNotifier(
        url=f"{web.url}/services/T/B/x", text="{{ ti.task_id }} failed: {{ exception }}"
    )
    called(notifier, exception=ValueError("boom"))
    called(notifier, exception=ValueError("again"))
    texts = [{"text": "task failed: boom"}, {"text": "task failed: again"}]
    assert [payload for _, payload in web.posts] == texts


def test_slack_reads_the_address_of_a_connection(web: WebSink) -> None:
    bridge = FakeBridge()
    bridge.connections["slack"] = {
        "conn_type": "slackwebhook",
        "host": f"{web.url}/services",
        "password": "T0/B0/secret",
    }
    blocks = [{"type": "section", "text": "{{ ds }}"}]
    called(send_slack_webhook_notification(slack_webhook_conn_id="slack", blocks=blocks), bridge=bridge)
    assert web.posts == [("/services/T0/B0/secret", {"blocks": [{"type": "section", "text": "2024-03-09"}]})]


def test_a_refusal_is_told_without_the_secret_address(web: WebSink) -> None:
    web.status = 403
    with pytest.raises(AirflowException, match="Slack refused the message: HTTP 403 invalid_token") as caught:
        called(SlackWebhookNotifier(url=f"{web.url}/services/secret-path", text="x"))
    assert "secret-path" not in str(caught.value)
    assert "secret-path" not in mask_text(f"see {web.url}/services/secret-path")


def test_an_address_of_another_scheme_is_refused() -> None:
    with pytest.raises(AirflowException, match="no `https://` address"):
        called(SlackWebhookNotifier(url="file:///etc/passwd", text="x"))


def mail_bridge(mail: MailSink) -> FakeBridge:
    bridge = FakeBridge()
    extra = '{"from_email": "from@example.com", "disable_tls": true}'
    bridge.connections["smtp_default"] = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": mail.port,
        "extra": extra,
    }
    return bridge


def test_a_mail_tells_what_failed(mail: MailSink) -> None:
    called(
        SmtpNotifier(to="a@example.com, b@example.com"),
        bridge=mail_bridge(mail),
        exception=ValueError("<boom>"),
    )
    receivers, text = mail.mails[0]
    assert receivers == ["<a@example.com>", "<b@example.com>"]
    assert "Subject: DAG dag - run run_1 - task task" in text
    assert "From: from@example.com" in text
    assert "&lt;boom&gt;" in text


def test_a_mail_can_be_a_task(mail: MailSink, tmp_path: Any) -> None:
    (tmp_path / "report.csv").write_text("a,b\n")
    operator = EmailOperator(
        task_id="mail",
        to=["a@example.com"],
        bcc="c@example.com",
        subject="Report {{ ds }}\nX-Injected: 1",
        html_content="<b>{{ run_id }}</b>",
        files=[str(tmp_path / "report.csv")],
        dag=DAG("dag", schedule=None),
    ).prepare_for_execution()
    with running(operator, bridge=mail_bridge(mail)) as (context, _):
        operator.render_template_fields(context)
        operator.execute(context)
    receivers, text = mail.mails[0]
    assert receivers == ["<a@example.com>", "<c@example.com>"]
    assert "Subject: Report 2024-03-09 X-Injected: 1\r\n" in text
    assert "c@example.com" not in text
    assert 'filename="report.csv"' in text


def test_a_password_never_crosses_a_plain_connection(mail: MailSink) -> None:
    bridge = mail_bridge(mail)
    bridge.connections["smtp_default"].update(login="u", password="secret", extra="{}")
    with pytest.raises(AirflowException, match="does not offer STARTTLS"):
        called(SmtpNotifier(to="a@example.com"), bridge=bridge)
    assert mail.mails == []


def test_a_server_that_is_not_there_is_told() -> None:
    bridge = FakeBridge()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port, and nobody listens
        port = silent.getsockname()[1]
        bridge.connections["m"] = {"conn_type": "smtp", "host": "127.0.0.1", "port": port}
        with pytest.raises(AirflowException, match="cannot be reached"):
            called(SmtpNotifier(to="a@example.com", smtp_conn_id="m"), bridge=bridge)


# The library `apprise` imports a module of the standard library that is on its way out.
APPRISE_WARNS = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@APPRISE_WARNS
def test_apprise_sends_by_its_urls(web: WebSink) -> None:
    notifier = AppriseNotifier(body="{{ ds }}", title="t", urls=web.url.replace("http://", "json://"))
    called(notifier)
    assert web.posts[0][1]["message"] == "2024-03-09"


@APPRISE_WARNS
def test_apprise_without_an_address_or_with_a_wrong_one_is_told() -> None:
    with pytest.raises(AirflowException, match=r"`nonsense://…` is no address"):
        called(AppriseNotifier(body="x", urls="nonsense://token-of-mine"))


def test_a_notifier_of_ones_own_is_a_callback() -> None:
    told: list[str] = []

    class Mine(BaseNotifier):
        template_fields = ("message",)

        def __init__(self, message: str) -> None:
            super().__init__()
            self.message = message

        def notify(self, context: Any) -> None:
            told.append(f"{self.message} {context['run_id']}")

    notifier = Mine("{{ ds }}")
    called(notifier)
    assert told == ["2024-03-09 run_1"]
    assert notifier.message == "{{ ds }}"


@pytest.mark.parametrize("templates", [False, True])
def test_a_failed_task_with_an_address_sends_a_mail(
    mail: MailSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, templates: bool
) -> None:
    if templates:
        (tmp_path / "subject").write_text(
            "{{ ti.task_id }}\nis down, try {{ try_number }} of {{ max_tries }}"
        )
        (tmp_path / "body").write_text("<i>{{ exception_html }}</i>")
        monkeypatch.setenv("AIRFLOW__EMAIL__SUBJECT_TEMPLATE", str(tmp_path / "subject"))
        monkeypatch.setenv("AIRFLOW__EMAIL__HTML_CONTENT_TEMPLATE", str(tmp_path / "body"))
    task = EmptyOperator(task_id="task", email="a@example.com", dag=DAG("dag", schedule=None))
    with running(task, bridge=mail_bridge(mail), more={"exception": ValueError("<boom>")}) as (context, _):
        assert send_alert(task, context) == ["a@example.com"]
    receivers, text = mail.mails[0]
    assert receivers == ["<a@example.com>"]
    assert (
        "Subject: task is down, try 1 of" if templates else "Subject: Windward: dag.task is running"
    ) in text
    assert "&lt;boom&gt;" in text


def test_a_template_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__EMAIL__SUBJECT_TEMPLATE", "/nonexistent")
    task = EmptyOperator(task_id="task", dag=DAG("dag", schedule=None))
    with running(task) as (context, _), pytest.raises(AirflowException, match="cannot be read"):
        alert(context)


class Chorus(BaseNotifier):
    """Tells from an event loop only."""

    template_fields = ("who", "text")

    def __init__(self, who: str, text: str, told: list[str]) -> None:
        super().__init__()
        self.who, self.text, self.told = who, text, told

    async def async_notify(self, context: Any) -> None:
        self.told.append(f"{self.text} in {context['run_id']}")


def test_a_notifier_may_tell_from_an_event_loop_only() -> None:
    told: list[str] = []
    notifier = Chorus("{{ run_id }}", "{{ who }} sings", told)
    context = {"run_id": "r"}

    notifier(context)
    deadline.call(AsyncCallback(Chorus, {"who": "ana", "text": "{{ who }}", "told": told}), context)
    deadline.call(SyncCallback(Chorus, {"who": "bob", "text": "{{ who }}", "told": told}), context)

    assert told == ["{{ run_id }} sings in r", "ana in r", "bob in r"]
    assert context == {"run_id": "r"}
    assert notifier.text == "{{ who }} sings"


def test_a_notifier_can_be_awaited_with_the_context_that_it_was_made_with() -> None:
    told: list[str] = []

    async def await_it() -> None:
        notifier = Chorus("ana", "{{ who }}", told)
        notifier.context = {"run_id": "r"}
        await notifier

    asyncio.run(await_it())
    assert told == ["ana in r"]


class Both(BaseNotifier):
    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told

    def notify(self, context: Any) -> None:
        self.told.append("plain")

    async def async_notify(self, context: Any) -> None:
        self.told.append("async")


def test_each_kind_of_callback_takes_its_own_way_of_a_notifier_that_has_both() -> None:
    told: list[str] = []
    deadline.call(AsyncCallback(Both, {"told": told}), {})
    deadline.call(SyncCallback(Both, {"told": told}), {})
    assert told == ["async", "plain"]


def test_a_notifier_whose_class_calls_no_init_of_ours_is_told_all_the_same() -> None:
    class Bare(BaseNotifier):
        template_fields = ("message",)

        def __init__(self, message: str) -> None:
            self.message = message

        def notify(self, context: Any) -> None:
            heard.append((self.message, context["name"]))

    heard: list[tuple[str, str]] = []
    bare = Bare("to {{ name }}")
    for name in ("one", "two"):
        bare({"name": name})

    assert heard == [("to one", "one"), ("to two", "two")]
    assert dict(bare.context) == {}
