"""`/execution/v1`: what worker hosts of other machines speak. The messages are those of the local socket.

What lives here: requests to letters and back, the tokens of attempts, logs, code and large values. What may not: a
decision about an attempt; the scheduler makes them all.
"""

from __future__ import annotations

from windward.api.contract.operation import Operation
from windward.api.execution import attempts, code, hosts

OPERATIONS: tuple[Operation, ...] = (*hosts.OPERATIONS, *attempts.OPERATIONS, *code.OPERATIONS)
