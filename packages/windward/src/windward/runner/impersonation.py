"""Being another user: a child that was asked to gives up the worker's rights for good, before any of the task's code runs.

The worker has to be root for it: nothing is executed anew, so the DAG file stays imported. What may not live here: which
tasks ask for it.
"""

from __future__ import annotations

import functools
import importlib
import os
import pwd

from windward.errors import UserError

_BEFORE = (
    "asyncio",
    "jinja2.debug",
    "jinja2.ext",
    "traceback",
    "windward.sdk.async_operator",
    "windward.sdk.lazy",
    "windward.sdk.params",
    "windward.sdk.template_environment",
)
"""What the way of an attempt may import late."""


def check_user(name: str) -> None:
    """Raise `UserError` when this process cannot become that user."""
    user = _find(name)
    if user.pw_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
        raise UserError(
            f"`run_as_user={name}`: the worker runs as `{user_name(os.geteuid())}` and may not become another user",
            hint="Start the worker host as root, or remove `run_as_user` and `[core] default_impersonation`.",
        )
    if user.pw_uid == 0 and os.geteuid() != 0:
        raise UserError(
            f"`run_as_user={name}`: a task may not get more rights than the worker has",
            hint="Name a user with fewer rights, or remove `run_as_user`.",
        )


def become(name: str) -> None:
    """Be that user in this process, with the user's groups, home and name; there is no way back. Raises `UserError`.

    What templates and answers need is imported before: the interpreter may lie where the user cannot read.
    """
    check_user(name)
    user = _find(name)
    if user.pw_uid == os.geteuid():
        return
    for module in _BEFORE:
        importlib.import_module(module)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)


def unreadable_library() -> str | None:
    """Return the folder of the interpreter's library when this process may not read it: no import works then."""
    folder = os.path.dirname(os.__file__)  # noqa: PTH120 - no import for what happens in each such child
    return None if os.access(f"{folder}/os.py", os.R_OK) else folder


def _find(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise UserError(
            f"`run_as_user={name}`: this machine has no such user",
            hint="Make the user on every worker, or correct the name.",
        ) from error


@functools.lru_cache(maxsize=8)
def user_name(uid: int) -> str:
    """Return the name of a user of this machine, or the number where it has none; asked for once, as it may be far."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
