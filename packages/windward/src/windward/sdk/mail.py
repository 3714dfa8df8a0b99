"""Sending mail by SMTP, with the standard library: `send_email` and what it needs to know of a server."""

from __future__ import annotations

import mimetypes
import smtplib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

from windward.sdk.configuration import conf
from windward.sdk.connection import Connection, read
from windward.sdk.exceptions import AirflowException, AirflowNotFoundException

TIMEOUT_S = 30.0
IMPLICIT_TLS_PORT = 465


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """An SMTP server and how to sign in."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    uses_ssl: bool = False
    uses_starttls: bool = True
    sender: str | None = None
    timeout_s: float = TIMEOUT_S


def send_email(
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Sequence[str | Path] | None = None,
    dryrun: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = None,
    custom_headers: dict[str, Any] | None = None,
    *,
    from_email: str | None = None,
    server: MailServer | None = None,
    **_more: Any,
) -> EmailMessage:
    """Send an HTML mail with attachments and return it. Raises `AirflowException` when no server takes it.

    The server is `server`, else the connection `conn_id` (`smtp_default` when there is one), else `[smtp]`.
    """
    del mime_subtype
    chosen = server or server_named(conn_id)
    message = build_message(
        to, subject, html_content, files=files, cc=cc, headers=custom_headers, charset=mime_charset,
        sender=from_email or chosen.sender,
    )  # fmt: skip
    receivers = [*addresses(to), *addresses(cc), *addresses(bcc)]
    if not receivers:
        raise AirflowException(
            f"the mail `{subject}` has no receiver\n\nhint: Give `to` at least one address."
        )
    if not dryrun:
        _send(chosen, message, receivers)
    return message


def build_message(
    to: str | Iterable[str],
    subject: str,
    html: str,
    *,
    sender: str | None,
    files: Sequence[str | Path] | None = None,
    cc: str | Iterable[str] | None = None,
    headers: dict[str, Any] | None = None,
    charset: str = "utf-8",
) -> EmailMessage:
    """Return a mail with an HTML body and attachments."""
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"] = sender or "windward@localhost"
    message["To"] = ", ".join(addresses(to))
    if cc:
        message["CC"] = ", ".join(addresses(cc))
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="windward.invalid")
    for name, value in (headers or {}).items():
        message[name] = str(value)
    message.set_content(html, subtype="html", charset=charset)
    for file in files or ():
        path = Path(file)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        message.add_attachment(path.read_bytes(), maintype=main, subtype=sub, filename=path.name)
    return message


def addresses(value: str | Iterable[str] | None) -> list[str]:
    """Return addresses of a list, or of a text with commas or semicolons between them."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    found = list(value)
    for address in found:
        if not isinstance(address, str):
            raise TypeError(f"an address is a text, not {address!r}")
    return [part for address in found for part in addresses(address)]


def server_named(conn_id: str | None) -> MailServer:
    """Return the server of a connection; without a name, of `smtp_default` or of the `[smtp]` settings."""
    if conn_id is not None:
        return server_of(read(conn_id))
    try:
        return server_of(read(conf.get("email", "email_conn_id", fallback="smtp_default")))
    except AirflowNotFoundException:
        return _server_of_settings()


def server_of(connection: Connection) -> MailServer:
    """Return the server of a connection: extras `from_email`, `disable_ssl`, `disable_tls`, `timeout` as in Airflow."""
    extra = connection.extra_dejson
    without_ssl = _truth(extra.get("disable_ssl", connection.port != IMPLICIT_TLS_PORT))
    return MailServer(
        host=str(connection.host or "localhost"),
        port=int(connection.port or (25 if without_ssl else IMPLICIT_TLS_PORT)),
        user=connection.login or None,
        password=connection.get_password() or None,
        uses_ssl=not without_ssl,
        uses_starttls=without_ssl and not _truth(extra.get("disable_tls", False)),
        sender=extra.get("from_email"),
        timeout_s=float(extra.get("timeout", TIMEOUT_S)),
    )


def _server_of_settings() -> MailServer:
    return MailServer(
        host=conf.get("smtp", "smtp_host", fallback="localhost"),
        port=conf.getint("smtp", "smtp_port", fallback=25),
        user=conf.get("smtp", "smtp_user", fallback="") or None,
        password=conf.get("smtp", "smtp_password", fallback="") or None,
        uses_ssl=conf.getboolean("smtp", "smtp_ssl", fallback=False),
        uses_starttls=conf.getboolean("smtp", "smtp_starttls", fallback=True),
        sender=conf.get("smtp", "smtp_mail_from", fallback="windward@localhost"),
        timeout_s=conf.getfloat("smtp", "smtp_timeout", fallback=TIMEOUT_S),
    )


def _truth(value: Any) -> bool:
    return value.strip().lower() in {"true", "1", "yes", "t"} if isinstance(value, str) else bool(value)


def _send(server: MailServer, message: EmailMessage, receivers: list[str]) -> None:
    where = f"mail server `{server.host}:{server.port}`"
    try:
        if server.uses_ssl:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout_s, context=ssl.create_default_context()
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        with client:
            if server.uses_starttls and not server.uses_ssl:
                _start_tls(client, server)
            if server.user and server.password:
                client.login(server.user, server.password)
            client.send_message(message, to_addrs=receivers)
    except smtplib.SMTPException as error:
        raise AirflowException(f"{where} refused the mail: {error}") from error
    except OSError as error:
        raise AirflowException(f"{where} cannot be reached: {error}") from error


def _start_tls(client: smtplib.SMTP, server: MailServer) -> None:
    """Encrypt where the server can; a password never crosses a connection that is not encrypted."""
    client.ehlo()
    if client.has_extn("starttls"):
        client.starttls(context=ssl.create_default_context())
    elif server.user and server.password:
        raise AirflowException(
            f"mail server `{server.host}:{server.port}` does not offer STARTTLS, and a password was to be sent\n\n"
            "hint: Use its TLS port, or say that plain text is meant: the extra `disable_tls` of the connection."
        )
