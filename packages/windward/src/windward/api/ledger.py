"""What people did, as lines of the log."""

from __future__ import annotations

import logging

from starlette.requests import Request

from windward.api.contract.operation import Operation
from windward.model.access import Principal

log = logging.getLogger("windward.api.audit")


class LogLedger:
    """Writes a line for each request that may have changed something."""

    def record(
        self, operation: Operation, principal: Principal, request: Request, *, body: object, status: int
    ) -> None:
        """Write a line; bodies may hold secrets and stay out of it."""
        del body
        log.info(
            "asked to change",
            extra={"who": principal.name, "what": operation.name, "path": request.url.path, "status": status},
        )
