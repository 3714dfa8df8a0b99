"""What a pass takes in of what hosts said: all of other work at once, of the idle class a little at a time.

A pass that judges the ends of thirty backfilled tasks makes everybody wait who comes a moment later. So no more
than a few messages of the idle class are judged in one pass; the others stand in line, in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from windward.engine.work import Input
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import (
    AttemptEnded,
    ChildCall,
    Goodbye,
    Hello,
    StartRequest,
)
from windward.protocol.work import AttemptRef


class Intake:
    """The line of what was heard of the idle class and was not judged yet. It outlives the scheduler's cache."""

    def __init__(self, idle_max: int) -> None:
        """`idle_max`: messages of the idle class that one pass judges."""
        self._idle_max = idle_max
        self._line: deque[Envelope] = deque()
        self._unheard: dict[str, Input | None] = {}
        """Hosts that spoke while another led: the hello or the end to judge later, None when they must begin anew."""

    def __len__(self) -> int:
        return len(self._line)

    def take(self, inputs: Iterable[Input], is_idle: Callable[[int], bool]) -> list[Input]:
        """Return what this pass judges; keep the rest for those that follow.

        `is_idle` says of a run (by its key) whether it is known to belong to the idle class.
        """
        standing = {_ref_of(item) for item in self._line}

        def must_wait(ref: AttemptRef) -> bool:
            """Its run is of the idle class, or something that its attempt said before stands in line."""
            return ref.callback_pk is None and (ref in standing or is_idle(ref.run_pk))

        now: list[Input] = []
        speaks_of_hosts = False
        for item in inputs:
            match item:
                case HostGone() | Envelope(message=Hello() | Goodbye()):
                    # Whatever was said of its attempts comes before what becomes of the host.
                    speaks_of_hosts = True
                    now.append(item)
                case Envelope(host_id=host_id, message=StartRequest(refs=refs)):
                    waits = tuple(ref for ref in refs if must_wait(ref))
                    goes = tuple(ref for ref in refs if ref not in waits)
                    if goes:
                        now.append(Envelope(host_id, StartRequest(refs=goes)) if waits else item)
                    self._line.extend(Envelope(host_id, StartRequest(refs=(ref,))) for ref in waits)
                    standing.update(waits)
                case Envelope(message=AttemptEnded(ref=ref) | ChildCall(ref=ref)):
                    if must_wait(ref):
                        self._line.append(item)
                        standing.add(ref)
                    else:
                        now.append(item)
                case _:  # what is not about an attempt of a worker never waits
                    now.append(item)
        if speaks_of_hosts:
            return [*self.drain(), *now]
        return [*now, *(self._line.popleft() for _ in range(min(self._idle_max, len(self._line))))]

    def stand_by(self, inputs: Iterable[Input]) -> None:
        """Note who is there. All else is dropped, for who leads later lets each host say again what it knows."""
        for item in (*self.drain(), *inputs):
            match item:
                case HostGone(host_id=host_id) | Envelope(host_id=host_id, message=Hello()):
                    self._unheard[host_id] = item
                case Envelope(host_id=host_id):
                    self._unheard.setdefault(host_id, None)
                case Woken():
                    pass

    def heard_standing_by(self) -> tuple[list[Input], list[str]]:
        """Return what is to be judged of the time before this scheduler led, and the hosts that must begin anew."""
        unheard, self._unheard = self._unheard, {}
        heard = [item for item in unheard.values() if item is not None]
        return heard, [host_id for host_id, item in unheard.items() if item is None]

    def drain(self) -> list[Envelope]:
        """Return all that stands in line, and forget it."""
        line, self._line = list(self._line), deque()
        return line


def _ref_of(item: Envelope) -> AttemptRef | None:
    match item.message:
        case StartRequest(refs=(ref,)) | AttemptEnded(ref=ref) | ChildCall(ref=ref):
            return ref
        case _:
            return None
