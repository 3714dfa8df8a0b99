"""Reading the log of an attempt, at once or while it is written: the same bytes for both APIs.

Theory of operation: a log is a file that only grows. A reader has an offset and nothing else; what follows a log asks
for more as long as its attempt goes on. A client that does not read makes nobody wait but itself: the next piece is
read when the last one was sent.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from windward.api.contract.problem import InvalidRequest
from windward.api.services import Services
from windward.core.paths import log_path
from windward.errors import NotFoundError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED, TaskState

PIECE_BYTES = 256 * 1024
LOOK_S = 0.25
"""Time between two looks at a log that is followed."""
_ENDED = FINISHED | {TaskState.UP_FOR_RETRY}
_NOT_BEGUN = frozenset({TaskState.NONE, TaskState.SCHEDULED, TaskState.QUEUED})


@dataclass(frozen=True, kw_only=True)
class AttemptLog:
    """The log of one try of an instance."""

    services: Services
    run: RunRecord
    key: TaskKey
    try_number: int
    went_on: bool
    """Whether more might be written when this was found: what is read after it is then all there is."""

    @property
    def path(self) -> str:
        """The log's path, relative to the folder of logs."""
        run, key = self.run, self.key
        return log_path(run.dag_id, run.run_id, key.task_id, key.map_index, self.try_number)

    def read(self, offset: int, limit: int = PIECE_BYTES) -> tuple[bytes, int]:
        """Return bytes from `offset` on, and how many there are in all; none while nothing is written."""
        try:
            return self.services.execution.logs.read(self.path, offset=offset, limit=limit)
        except NotFoundError:
            return b"", 0

    def lines(self, offset: int, limit: int = PIECE_BYTES) -> tuple[bytes, int]:
        """Return whole lines from `offset` on, and the offset behind them."""
        data, offset, _ = self.part(offset, limit)
        return data, offset

    def part(self, offset: int, limit: int) -> tuple[bytes, int, int]:
        """Return whole lines from `offset` on, the offset behind them, and how many bytes there are in all.

        A line that is longer than `limit` comes whole, too, unless it is longer than what the store gives at once: then
        it comes in pieces. The last line of a log that has ended may lack its end.
        """
        data, size = self.read(offset, limit)
        end = data.rfind(b"\n") + 1
        while not end and len(data) < size - offset:
            limit *= 4
            wider, size = self.read(offset, limit)
            if len(wider) <= len(data):
                return wider, offset + len(wider), size
            data = wider
            end = data.rfind(b"\n") + 1
        if not end and not self.goes_on():
            end = len(data)
        return data[:end], offset + end, size

    def goes_on(self) -> bool:
        """Whether more may be written: the try is the current one, and has not ended."""
        found = self.services.store.runs.find_tasks([self.key])
        return bool(found) and _goes_on(found[0], self.try_number)

    async def follow(self, offset: int) -> AsyncIterator[bytes]:
        """Yield whole lines from `offset` on, as they are written, until the attempt has ended."""
        was_last = False
        while True:
            data, offset = await run_in_threadpool(self.lines, offset)
            if data:
                yield data
                continue
            if was_last:
                return
            # Asked before the last look: what was written until the end is in that look.
            was_last = not await run_in_threadpool(self.goes_on)
            if not was_last:
                await asyncio.sleep(LOOK_S)

    async def whole(self, offset: int) -> AsyncIterator[bytes]:
        """Yield what there is, from `offset` on."""
        while True:
            data, offset = await run_in_threadpool(self.lines, offset)
            if not data:
                return
            yield data


def attempt_log(
    services: Services, *, dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int
) -> AttemptLog:
    """Return the log of a try that was begun, or may be.

    Raises:
        NotFoundError: when there is no such run, instance or try.
    """
    run = services.store.runs.find_run(dag_id, run_id=run_id)
    record = None
    if run is not None:
        found = services.store.runs.find_tasks([TaskKey(run.run_pk, task_id, map_index)])
        record = found[0] if found else None
    if run is None or record is None or not 1 <= try_number <= _tries(record):
        raise NotFoundError(
            f"there is no try {try_number} of task `{task_id}`, map index {map_index}, in run `{run_id}` of DAG `{dag_id}`"
        )
    went_on = _goes_on(record, try_number)
    return AttemptLog(services=services, run=run, key=record.key, try_number=try_number, went_on=went_on)


def _goes_on(record: TaskRecord, try_number: int) -> bool:
    if record.try_number > try_number:
        return False
    return record.try_number < try_number or record.state not in _ENDED


def _tries(record: TaskRecord) -> int:
    """Return the last try whose log can be asked for: of a task that never began, the first."""
    return max(record.try_number, 1)


def token_of(offset: int) -> str:
    """Return an offset as Airflow's clients pass it on: without looking inside."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def offset_of(token: str | None) -> int:
    """Return the offset that a token says.

    Raises:
        InvalidRequest: when it is none of ours.
    """
    if not token:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest.of(
            ("query", "token"), kind="value_error", message="is not a token that an answer gave", given=token
        ) from error
    return max(0, offset)
