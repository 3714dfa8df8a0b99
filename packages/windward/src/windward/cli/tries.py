"""What is said of the tries of a task, beside the database and of a server alike."""

from __future__ import annotations

from windward.errors import UserError


def no_such_try(task_id: str, run_id: str, *, had: int, wanted: int) -> UserError:
    """Return the error for a try that has not begun."""
    return UserError(
        f"task `{task_id}` has had {had} {'try' if had == 1 else 'tries'} in run `{run_id}`, no try {wanted}",
        hint="`--follow` waits for it." if wanted == had + 1 else "Give a smaller `--try-number`.",
    )
