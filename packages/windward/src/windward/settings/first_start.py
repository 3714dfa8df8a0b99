"""What the first start makes in the home: its folders, and random keys that nobody else has.

What lives here: making and guarding `secrets.toml`. What may not: the database, DAG files.
"""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import replace
from pathlib import Path

from windward.errors import SettingsError
from windward.settings.keys import ATTRIBUTES
from windward.settings.sections import Settings
from windward.settings.sources import SECRETS_FILE, from_file

MODE = 0o600
_TEXT = """\
# Made by Windward at its first start. Whoever reads this file can read every stored password.
# Without `fernet_key`, stored connections and variables cannot be read any more: keep a copy in a safe place.

[core]
fernet_key = "{fernet_key}"

[api]
secret_key = "{secret_key}"
"""


def check_mode(path: Path) -> None:
    """Raise `SettingsError` when a file with secrets can be read by every user of the machine."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & stat.S_IROTH:
        raise SettingsError(
            f"`{path}` can be read by every user of this machine", hint=f"Run `chmod 600 {path}`."
        )


def prepare_home(settings: Settings) -> Settings:
    """Make the home with its folders, and keys where none are set; return the settings with those keys.

    Safe to be called by several processes at once: the first one's keys are everybody's.

    Raises:
        SettingsError: when the home cannot be written.
    """
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.run_folder.mkdir(mode=0o700, exist_ok=True)
        settings.core.dags_folder.mkdir(parents=True, exist_ok=True)
        settings.logging.base_log_folder.mkdir(parents=True, exist_ok=True)
        if not settings.core.fernet_key or not settings.api.secret_key:
            make_secrets(settings.home)
    except OSError as error:
        raise SettingsError(
            f"the home `{settings.home}` cannot be prepared: {error}",
            hint="Set `WINDWARD_HOME` to a folder that this user may write, or correct the owner of that one.",
        ) from error
    return _with_generated(settings)


def make_secrets(home: Path) -> bool:
    """Write `secrets.toml` with new keys unless there is one; return whether it was made."""
    path = home / SECRETS_FILE
    if path.exists():
        return False
    # Not `secrets`, which is this and loads `random`: that has work to do in every process forked from here.
    draft = home / f".{SECRETS_FILE}.{os.getpid()}.{os.urandom(4).hex()}"
    text = _TEXT.format(
        fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        secret_key=base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode(),
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails, in one step, when another process was first
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _with_generated(settings: Settings) -> Settings:
    origins = dict(settings.origins)
    for given in from_file(settings.home / SECRETS_FILE):
        attribute = ATTRIBUTES[given.key.section]
        section = getattr(settings, attribute)
        if getattr(section, given.key.field) == "":
            section = replace(section, **{given.key.field: given.raw})
            settings = replace(settings, **{attribute: section})
            origins[given.key.path] = given.origin
    return replace(settings, origins=origins)
