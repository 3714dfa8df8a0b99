"""Which executor a name means: ours, and Airflow's names and class paths for the same things.

What lives here: names. What may not: executors.
"""

from __future__ import annotations

from windward.errors import SettingsError

_LOCAL = frozenset({"local", "localexecutor"})
_SEQUENTIAL = frozenset({"sequential", "sequentialexecutor", "debugexecutor"})
_LATER = {
    "celery": "Celery",
    "celeryexecutor": "Celery",
    "kubernetes": "Kubernetes",
    "kubernetesexecutor": "Kubernetes",
    "celerykubernetesexecutor": "Celery and Kubernetes",
    "localkubernetesexecutor": "Kubernetes",
}
_HINT = "Use `local` (isolated processes on this machine) or `sequential` (one task at a time)."


def executor_named(name: str, *, origin: str) -> str:
    """Return `local` or `sequential` for a name or a dotted class path; raise `SettingsError` for another."""
    if "," in name:
        raise SettingsError(
            f"`[core] executor` names more than one executor: `{name}` (from `{origin}`)",
            hint=f"More than one executor comes with a later release. {_HINT}",
        )
    last = name.strip().rpartition(":")[2].rpartition(".")[2].lower()
    if last in _LOCAL:
        return "local"
    if last in _SEQUENTIAL:
        return "sequential"
    if last in _LATER:
        raise SettingsError(
            f"`[core] executor` is `{name}` (from `{origin}`), which this release does not have",
            hint=f"The executors for {_LATER[last]} come with a later release. {_HINT}",
        )
    raise SettingsError(f"`[core] executor` cannot be `{name}` (from `{origin}`)", hint=_HINT)
