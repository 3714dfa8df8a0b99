"""Every group of commands: its name, its module, and one line of help. Data only, so that `--help` imports nothing."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """A word after `windward`. Its module has `add_commands(parser)`."""

    module: str
    help: str
    heading: str
    aliases: tuple[str, ...] = ()


_START = "Start"
_WORK = "DAGs and tasks"
_KEEP = "What is kept"
_KNOW = "The installation"

GROUPS: dict[str, Group] = {
    "standalone": Group("components", "run everything in one terminal", _START),
    "scheduler": Group("components", "run the scheduler", _START),
    "processor": Group("components", "run the DAG processor", _START, ("dag-processor",)),
    "api-server": Group("components", "run the API server", _START),
    "worker": Group("components", "run a worker host", _START),
    "triggerer": Group("components", "run the triggerer", _START),
    "dags": Group("dags", "list, trigger, pause, test and explain DAGs", _WORK),
    "tasks": Group("tasks", "list, clear, render and test tasks; read their logs", _WORK),
    "backfill": Group("backfill", "run a DAG for a range of dates", _WORK),
    "recovery": Group("recovery", "failed runs that run again on their own", _WORK),
    "assets": Group("assets", "list assets, run what writes them, report events", _WORK),
    "hitl": Group("hitl", "list and answer the questions that tasks ask people", _WORK),
    "deadlines": Group("deadlines", "list by when runs ought to be over", _WORK),
    "state-store": Group("state_store", "list and delete the small values that tasks keep", _KEEP),
    "variables": Group("variables", "get, set, import and export variables", _KEEP),
    "connections": Group("connections", "get, add, import and export connections", _KEEP),
    "pools": Group("pools", "get, set, import and export pools", _KEEP),
    "users": Group("users", "make, change and list users", _KEEP),
    "roles": Group("roles", "make, change and list roles", _KEEP),
    "tokens": Group("tokens", "make and delete tokens for programs", _KEEP),
    "db": Group("db", "migrate, check and clean the metadata database", _KNOW),
    "rotate-fernet-key": Group("rotation", "encrypt all secrets again with the newest key", _KNOW),
    "config": Group("config", "show settings and where they come from", _KNOW),
    "jobs": Group("jobs", "check that components are alive; drain worker hosts", _KNOW),
    "providers": Group("about", "list installed provider packages", _KNOW),
    "info": Group("about", "show versions, places and the database", _KNOW),
    "version": Group("about", "show the version", _KNOW),
}


LOCAL = frozenset(name for name, group in GROUPS.items() if group.heading == _START)
"""Groups that are of this machine, whatever server is named."""


def group_named(word: str) -> str | None:
    """Return the group that `word` names, by its name or an alias."""
    if word in GROUPS:
        return word
    return next((name for name, group in GROUPS.items() if word in group.aliases), None)


def overview() -> str:
    """Return all groups under their headings, as the help shows them."""
    lines = []
    heading = ""
    for name, group in GROUPS.items():
        if group.heading != heading:
            heading = group.heading
            lines += ["", f"{heading}:"]
        lines.append(f"  {name:<14}{group.help}")
    return "\n".join(lines[1:])


WRITES = frozenset(
    {
        *(f"dags {name}" for name in ("backfill", "clear", "delete", "mark", "note", "pause", "reserialize")),
        *(f"dags {name}" for name in ("trigger", "unpause")),
        *(f"tasks {name}" for name in ("clear", "mark", "note")),
        *(f"backfill {name}" for name in ("cancel", "create", "pause", "unpause")),
        *(f"recovery {name}" for name in ("start", "stop")),
        *(f"assets {name}" for name in ("emit", "materialize")),
        "hitl respond",
        *(f"state-store {name}" for name in ("clean", "delete", "delete-asset")),
        *(f"variables {name}" for name in ("delete", "import", "set")),
        *(f"connections {name}" for name in ("add", "create-default-connections", "delete", "import")),
        *(f"pools {name}" for name in ("delete", "import", "set")),
        *(f"users {name}" for name in ("add-role", "create", "delete", "disable", "enable", "end-sessions")),
        *(
            f"users {name}"
            for name in ("grant", "import", "login-link", "remove-role", "reset-password", "revoke")
        ),
        *(f"jobs {name}" for name in ("drain", "undrain")),
        *(f"roles {name}" for name in ("add-perms", "create", "del-perms", "delete", "import")),
        *(f"tokens {name}" for name in ("create", "delete")),
        *(f"db {name}" for name in ("clean", "drop-archived", "migrate", "reset")),
        "rotate-fernet-key",
    }
)
"""Commands that change what everybody sees: each is written to the audit log."""
