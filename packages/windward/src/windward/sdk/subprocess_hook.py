"""A command in a process group of its own: its output goes to the log line by line, a kill reaches all of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from windward.sdk.hook import BaseHook

TERM_GRACE_S = 10.0
"""How long a group may clean up after SIGTERM before it is killed."""


class SubprocessResult(NamedTuple):
    """How a command ended, and its last line of output."""

    exit_code: int
    output: str


@contextlib.contextmanager
def working_directory(cwd: str | None = None) -> Iterator[str]:
    """Give the folder, or a temporary one that is deleted afterwards."""
    if cwd is not None:
        yield cwd
        return
    with tempfile.TemporaryDirectory(prefix="windward-") as folder:
        yield folder


class SubprocessHook(BaseHook):
    """Runs one command at a time."""

    def __init__(self, **kwargs: str | None) -> None:
        super().__init__(**kwargs)
        self.sub_process: subprocess.Popen[bytes] | None = None

    def run_command(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        output_encoding: str = "utf-8",
        cwd: str | None = None,
    ) -> SubprocessResult:
        """Run the command to its end; stdout and stderr go to the log as they come.

        Without `env` the process's own environment is passed on; without `cwd` it runs in a temporary folder.
        """
        with working_directory(cwd) as folder:
            self.log.info("Running command: %s", list(command))
            self.sub_process = subprocess.Popen(
                list(command),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=os.environ if env is None else env,
                start_new_session=True,
                restore_signals=True,
            )
            # Neither `with` nor `finally`: when a time limit unwinds this frame, `on_kill` must come before the
            # wait, and the pipe must stay open while the command cleans up.
            assert self.sub_process.stdout is not None
            self.log.info("Output:")
            line = ""
            for raw in self.sub_process.stdout:
                line = raw.decode(output_encoding, errors="backslashreplace").rstrip()
                self.log.info("%s", line)
            exit_code = self.sub_process.wait()
            self.sub_process.stdout.close()
            self.log.info("Command exited with return code %s", exit_code)
        return SubprocessResult(exit_code=exit_code, output=line)

    def send_sigterm(self, *, grace_s: float = TERM_GRACE_S) -> None:
        """Stop the command and everything it started: SIGTERM, and SIGKILL after a while."""
        process = self.sub_process
        if process is None or process.poll() is not None:
            return
        self.log.info("Sending SIGTERM signal to process group")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.log.warning("process group still runs, sending SIGKILL", extra={"pid": process.pid})
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # also what the command left behind in its group
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
