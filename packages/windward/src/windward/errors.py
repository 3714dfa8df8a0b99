"""The exception tree. What lives here: errors a caller may want to catch, with data as attributes.

::

    WindwardError                 something the caller may want to catch
    ├── UserError                 the DAG author or the operator can fix it; always has a hint
    │   ├── DagImportError        a DAG file does not import or declares something impossible
    │   ├── DagCycleError         tasks wait for each other
    │   ├── DuplicateTaskError    one task id is used twice in a DAG
    │   ├── UnknownTaskError      a task id that the DAG does not have
    │   ├── InvalidIdError        an id outside the grammar
    │   ├── InvalidCronError      a cron expression that cannot be read, or never fires
    │   ├── InvalidParamError     params or conf that do not fit their schema
    │   ├── TemplateError         a template field that does not render
    │   └── SettingsError         a setting that cannot be used
    ├── ConflictError             someone else was first; decide again (HTTP 409)
    ├── NotFoundError             what was named does not exist (HTTP 404)
    └── UnavailableError          try later; nothing was written (HTTP 503)

Airflow's signals (``AirflowSkipException``, ``TaskDeferred``, …) are in ``windward.sdk.exceptions``.
``AssertionError`` is our bug: never caught inside the package, except at a process boundary.
"""

from __future__ import annotations


class WindwardError(Exception):
    """Anything that a caller of Windward may want to catch; `hint` says what to do, where the raiser knows it."""

    def __init__(self, *args: object, hint: str = "") -> None:
        super().__init__(*args)
        self.hint = hint


class UserError(WindwardError):
    """An error that the DAG author or the operator can fix; `hint` says how."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.message = message

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}"


class DagImportError(UserError):
    """A DAG file does not import, or declares something impossible."""


class DagCycleError(UserError):
    """Tasks of a DAG wait for each other."""


class DuplicateTaskError(UserError):
    """One task id is used twice within a DAG."""


class UnknownTaskError(UserError):
    """A task id that the DAG does not have."""


class InvalidIdError(UserError):
    """An id outside the grammar."""


class InvalidCronError(UserError):
    """A cron expression that cannot be read, or that never fires."""


class InvalidParamError(UserError):
    """Params or conf that do not fit their schema."""


class TemplateError(UserError):
    """A template field that does not render."""


class SettingsError(UserError):
    """A setting that cannot be used."""


class ConflictError(WindwardError):
    """Someone else was first; nothing was written, decide again."""


class NotFoundError(WindwardError):
    """What was named does not exist."""


class UnavailableError(WindwardError):
    """A service that is needed does not answer; nothing was written, try later."""
