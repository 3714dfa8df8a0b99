"""`BashSensor`: waits until a command for Bash exits with 0."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from windward.sdk.airflow_environment import airflow_variables
from windward.sdk.exceptions import AirflowFailException
from windward.sdk.sensor import BaseSensorOperator
from windward.sdk.subprocess_hook import SubprocessHook


class BashSensor(BaseSensorOperator):
    """Run a command until it exits with 0.

    With `retry_exit_code` only that code means "not yet", and any other failure fails the task at once.
    """

    template_fields: Sequence[str] = ("bash_command", "env")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}  # noqa: RUF012 - Airflow's form
    template_ext: Sequence[str] = (".sh", ".bash")

    def __init__(
        self,
        *,
        bash_command: str,
        env: Mapping[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env: Any = env
        self.output_encoding = output_encoding
        self.retry_exit_code = retry_exit_code

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        """What runs the command."""
        return SubprocessHook()

    def poke(self, context: Any) -> bool:
        """Run the command once."""
        env = {**(self.env if self.env is not None else os.environ), **airflow_variables(context)}
        result = self.subprocess_hook.run_command(
            [shutil.which("bash") or "bash", "-c", self.bash_command],
            env=env,
            output_encoding=self.output_encoding,
        )
        self.log.info("Command exited with return code %s", result.exit_code)
        if result.exit_code == 0:
            return True
        if self.retry_exit_code is None or result.exit_code == self.retry_exit_code:
            return False
        raise AirflowFailException(
            f"Command exited with return code {result.exit_code}; only {self.retry_exit_code} means that it is too early"
        )

    def on_kill(self) -> None:
        """Stop the command and everything it started."""
        self.subprocess_hook.send_sigterm()
