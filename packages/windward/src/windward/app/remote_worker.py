"""`windward worker host --server`: a worker host on another machine, which knows an address and a token and nothing else."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from windward.app.process import exit_code_of
from windward.app.worker_folder import own_folder
from windward.errors import SettingsError
from windward.settings import Settings

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.runner.remote.bridge import Bridge

log = logging.getLogger("windward.app.remote_worker")
TOKEN_VARIABLE = "WINDWARD_TOKEN"


class WorkerToken:
    """The worker's own token, for the bridge alone.

    The host, its templates and the processes of tasks are forks of one another: what is in a variable of theirs, or
    of a function that has called them, user code can read.
    """

    def __init__(self, text: str) -> None:
        self._text: str | None = text

    @property
    def is_there(self) -> bool:
        """Whether there is one to take."""
        return bool(self._text)

    def take(self) -> str:
        """Return it, and keep nothing."""
        text, self._text = self._text, None
        return text or ""


def taken_token(environ: Mapping[str, str]) -> WorkerToken:
    """Return the token that the environment gives, which has it no longer then."""
    from windward.runner.linux import wipe_variable

    token = WorkerToken(environ.get(TOKEN_VARIABLE, ""))
    wipe_variable(TOKEN_VARIABLE)
    return token


def run_remote_worker(settings: Settings, *, server: str, token: WorkerToken) -> None:
    """Run a worker host and its bridge until SIGTERM or SIGINT, or until the scheduler tells it to stop.

    Raises:
        SettingsError: when there is no token, or the address is none.
    """
    from windward.client.http import ApiClient, NotAdmittedError
    from windward.runner.linux import die_with_parent, hide_memory
    from windward.runner.remote.api import ExecutionApi
    from windward.runner.remote.bridge import Bridge, open_listener

    if not token.is_there:
        raise SettingsError(
            "a worker of another machine needs a token",
            hint=f"Set `{TOKEN_VARIABLE}` to one that may edit workers.",
        )
    with own_folder(Path(tempfile.gettempdir())) as folder:
        listener = open_listener(folder / "host.sock")
        done, done_here = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        parent = os.getpid()
        host = os.fork()  # before there is any thread
        if host == 0:
            token.take()
            listener.close()
            os.setpgid(0, 0)
            die_with_parent(parent)
            os._exit(exit_code_of(lambda: _run_host(settings, folder, done_here)))
        hide_memory()
        from windward.store.code import LocalCodeStore

        api = ExecutionApi(ApiClient(server, token.take()))
        code = LocalCodeStore(folder / "code")
        bridge = Bridge(listener, api, code, log_folder=folder / "logs", logs_done=done)

        def stop(_number: int, _frame: FrameType | None) -> None:
            # The host ends what it runs, says so, and says goodbye; then the bridge ends.
            os.kill(host, signal.SIGTERM)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        threading.Thread(target=_stop_with, args=(host, bridge), name="windward-watch", daemon=True).start()
        log.info("worker of another machine", extra={"server": server})
        try:
            bridge.run()
        except NotAdmittedError as error:
            raise SettingsError(
                f"the server at `{server}` does not take this worker: {error}",
                hint=f"Set `{TOKEN_VARIABLE}` to a token that may edit workers and has not expired.",
            ) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(host, signal.SIGTERM)


def _stop_with(host: int, bridge: Bridge) -> None:
    """End the bridge when the host has ended, however it did."""
    os.waitpid(host, 0)
    bridge.stop_after_host()


def _tell_done(descriptor: int, path: str) -> None:
    """Tell the bridge that a log is complete; when it does not listen any more, it ships no more either."""
    with contextlib.suppress(OSError):
        os.write(descriptor, os.fsencode(path) + b"\n")


def _run_host(settings: Settings, folder: Path, done: int) -> None:
    from windward.runner.host import run_host
    from windward.runner.options import HostOptions
    from windward.sdk import extensions
    from windward.sdk.setting_up import set_up
    from windward.store.code import LocalCodeStore

    set_up(settings, is_worker=True)
    extensions.look_up()
    (folder / "dags").mkdir()
    options = HostOptions.from_settings(
        settings,
        socket_path=folder / "host.sock",
        code_store=LocalCodeStore(folder / "code"),
        log_done=lambda path: _tell_done(done, path),
    )
    run_host(replace(options, log_folder=folder / "logs", dags_folder=folder / "dags"))


def main(session: Session, *, server: str) -> int:
    """Run `windward worker host --server`; return the exit code."""
    from windward.app.console import log_to_stderr

    settings = session.settings
    log_to_stderr(settings.logging, component="worker")
    token = taken_token(session.environ)
    return exit_code_of(lambda: run_remote_worker(settings, server=server, token=token))
