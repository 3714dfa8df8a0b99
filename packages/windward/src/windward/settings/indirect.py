"""Secrets that are not written down: the output of a command (`…_cmd`), or an answer of a secrets back end.

What lives here: how such a value is got. What may not: which settings may have one (`keys.SECRETS`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from windward.errors import SettingsError

COMMAND_TIMEOUT_S = 30.0

SecretReader = Callable[[str], str | None]
"""Returns the value that a secrets back end keeps under a name, or None."""


def command_output(command: object, *, origin: str, environ: Mapping[str, str]) -> str:
    """Run a command, without a shell, and return what it prints, without the white space around it.

    Raises:
        SettingsError: when it cannot be run, fails, prints nothing or takes longer than `COMMAND_TIMEOUT_S`.
    """
    hint = "The command is run without a shell, must exit with 0 and print the value and nothing else."
    import subprocess  # few settings are commands

    try:
        words = shlex.split(str(command))
        done = subprocess.run(
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"the command of `{origin}` cannot be run: {error}", hint=hint) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing on stderr"]
        raise SettingsError(
            f"the command of `{origin}` failed with exit code {done.returncode}: {said[0]}", hint=hint
        )
    if not done.stdout.strip():
        raise SettingsError(f"the command of `{origin}` printed nothing", hint=hint)
    return done.stdout.strip()


def kept_secret(name: object, *, origin: str, read_secret: SecretReader | None) -> str:
    """Ask the secrets back end for `name`; raise `SettingsError` when there is none, or it does not know the name."""
    if read_secret is None:
        raise SettingsError(
            f"`{origin}` asks for a secrets back end, and none is set up",
            hint="Give the value itself, or use the `_CMD` form with a command that prints it.",
        )
    value = read_secret(str(name))
    if value is None:
        raise SettingsError(
            f"the secrets back end knows no `{name}` (from `{origin}`)",
            hint="Store the value there under that name, or correct the name.",
        )
    return value
