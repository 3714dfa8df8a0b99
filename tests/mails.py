"""A mail server on loopback that keeps what it is sent: for tests that want to see the mail itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class MailSink:
    """A mail server that takes everything and keeps it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.mails: list[tuple[list[str], str]] = []

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream: Any) -> None:
        def say(line: str) -> None:
            stream.write(f"{line}\r\n".encode())
            stream.flush()

        say("220 sink")
        receivers: list[str] = []
        while line := stream.readline().decode().strip():
            match line.partition(" ")[0].upper():
                case "RCPT":
                    receivers.append(line.partition(":")[2])
                    say("250 ok")
                case "DATA":
                    say("354 go")
                    text = b""
                    while not text.endswith(b"\r\n.\r\n"):
                        text += stream.readline()
                    self.mails.append((receivers, text.decode()))
                    receivers = []
                    say("250 ok")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """Yield a server that listens until the end of the block."""
    sink = MailSink()
    thread = threading.Thread(target=sink.serve, daemon=True)
    thread.start()
    yield sink
    sink.listener.shutdown(socket.SHUT_RDWR)
    sink.listener.close()
    thread.join(10)
