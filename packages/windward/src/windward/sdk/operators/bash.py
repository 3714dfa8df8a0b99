"""`BashOperator`: a command for Bash; its last line of output is the XCom."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from windward.sdk.airflow_environment import airflow_variables
from windward.sdk.exceptions import AirflowException, AirflowSkipException
from windward.sdk.operator import BaseOperator
from windward.sdk.subprocess_hook import SubprocessHook, SubprocessResult

INLINE_BYTES_MAX = 100_000
"""Longer commands go to Bash as a file: Linux refuses arguments of 128 KiB."""


class BashOperator(BaseOperator):
    """Run a command, or a template file whose name ends in `.sh` or `.bash`.

    Exit code 0 is success, `skip_on_exit_code` (a number or several) skips, anything else fails. `env` replaces the
    environment unless `append_env`. Without `cwd` it runs in a temporary folder.
    """

    template_fields: Sequence[str] = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}  # noqa: RUF012 - Airflow's form
    template_ext: Sequence[str] = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: Any,
        env: Mapping[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], Any] = lambda result: result,
        xcom_push: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if xcom_push is not None:  # 1.10's name
            kwargs.setdefault("do_xcom_push", xcom_push)
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env: Any = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code: Container[int] = _exit_codes(skip_on_exit_code)
        self.cwd = cwd
        self.output_processor = output_processor

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        """What runs the command."""
        return SubprocessHook()

    def get_env(self, context: Any) -> dict[str, str]:
        """Return the environment of the command."""
        base = dict(os.environ) if self.env is None or self.append_env else {}
        return {**base, **(self.env or {}), **airflow_variables(context)}

    def execute(self, context: Any) -> Any:
        """Run the command and return its last line of output."""
        if self.cwd is not None and not Path(self.cwd).exists():
            raise AirflowException(f"Can not find the cwd: {self.cwd}")
        if self.cwd is not None and not Path(self.cwd).is_dir():
            raise AirflowException(f"The cwd {self.cwd} must be a directory")
        result = self._run(self.get_env(context))
        if result.exit_code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {result.exit_code}. Skipping.")
        if result.exit_code != 0:
            raise AirflowException(
                f"Bash command failed. The command returned a non-zero exit code {result.exit_code}."
            )
        return self.output_processor(result.output)

    def _run(self, env: dict[str, str]) -> SubprocessResult:
        bash = shutil.which("bash") or "bash"
        if not isinstance(self.bash_command, str) or not self.bash_command.strip():
            raise AirflowException(
                f"`bash_command` of task `{self.task_id}` is {self.bash_command!r}; it is a text that is not empty"
            )
        if len(self.bash_command.encode()) <= INLINE_BYTES_MAX:
            return self.subprocess_hook.run_command(
                [bash, "-c", self.bash_command], env=env, output_encoding=self.output_encoding, cwd=self.cwd
            )
        with tempfile.NamedTemporaryFile(
            mode="w", suffix=".sh", prefix="windward-", encoding="utf-8"
        ) as script:
            script.write(self.bash_command)
            script.flush()
            return self.subprocess_hook.run_command(
                [bash, script.name], env=env, output_encoding=self.output_encoding, cwd=self.cwd
            )

    def on_kill(self) -> None:
        """Stop the command and everything it started."""
        self.subprocess_hook.send_sigterm()


def _exit_codes(value: int | Container[int] | None) -> Container[int]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else value
