"""Operators that find their job of another system again: after a crash they go on waiting for it, and start no second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windward.sdk.operator_meta import BaseOperatorMeta

if TYPE_CHECKING:
    import logging


class ResumableJobMixin(metaclass=BaseOperatorMeta):
    """Keeps the id of a submitted job in the task's state store, before it waits for the job.

    `execute` calls `execute_resumable(context)`; subclasses write the other methods. The next try finds the id: a job
    that still runs is waited for, one that succeeded gives its result, one that failed is submitted anew. Between the
    submission and the writing of the id lies a moment in which a crash means a second job.
    """

    external_id_key: str = "remote_job_id"
    log: logging.Logger

    def __init__(self, *, durable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.durable = durable

    def execute_resumable(self, context: Any) -> Any:
        """Submit and wait, or go on where an earlier try was."""
        store = context["task_state_store"] if self.durable else None
        known = store.get(self.external_id_key) if store is not None else None
        if known is not None:
            status = self.get_job_status(known, context)
            if self.is_job_active(status):
                self.log.info("waiting for job %s of an earlier try (%s)", known, status)
                self.poll_until_complete(known, context)
                return self.get_job_result(known, context)
            if self.is_job_succeeded(status):
                self.log.info("job %s of an earlier try has succeeded", known)
                return self.get_job_result(known, context)
            self.log.warning("job %s of an earlier try is %s; submitting another", known, status)
        job = self.submit_job(context)
        if store is not None:
            store.set(self.external_id_key, job)
        self.poll_until_complete(job, context)
        return self.get_job_result(job, context)

    def submit_job(self, context: Any) -> Any:
        """Start the job and return its id, which JSON can say."""
        raise NotImplementedError(f"{type(self).__name__} has no `submit_job`")

    def get_job_status(self, external_id: Any, context: Any) -> str:
        """Return how the job stands."""
        raise NotImplementedError(f"{type(self).__name__} has no `get_job_status`")

    def is_job_active(self, status: str) -> bool:
        """Whether a job that stands so is worth waiting for."""
        raise NotImplementedError(f"{type(self).__name__} has no `is_job_active`")

    def is_job_succeeded(self, status: str) -> bool:
        """Whether a job that stands so has done its work."""
        raise NotImplementedError(f"{type(self).__name__} has no `is_job_succeeded`")

    def poll_until_complete(self, external_id: Any, context: Any) -> None:
        """Wait for the job; raise when it fails."""
        raise NotImplementedError(f"{type(self).__name__} has no `poll_until_complete`")

    def get_job_result(self, external_id: Any, context: Any) -> Any:
        """Return what the job gave."""
        del external_id, context
