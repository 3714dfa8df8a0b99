"""What one request of each kind costs the API server: `python -m bench.api_micro [ROUNDS]`.

A `windward standalone` is filled as for W13. Then each kind is asked many times, one request after another over one
kept connection, and the processor time of the API server is read before and after: the least of several rounds. Last
comes the mixture of W13 at its rate: there, a request finds the processor's caches cold and costs two to three times as
much.
"""

from __future__ import annotations

import socket
import sys

import msgspec

from bench import processes
from bench.harness import Standalone
from bench.open_load import Plan
from bench.w01_fan_out import FILE as FAN_OUT
from bench.w01_fan_out import WIDTH
from bench.w12_grid import FILE as WIDE
from bench.w12_grid import RUNS
from bench.w13_api_load import API_SERVER, FAN_OUT_DAG, WIDE_DAG, Caller, Loading

ROUNDS, REQUESTS, WARM = 8, 100, 30
MIXED_S = 10.0
PIECE_BYTES = 1 << 18


class Asker:
    """Asks over one kept connection, and looks at nothing but the status."""

    def __init__(self, plan: Plan) -> None:
        self._socket = socket.create_connection((plan.host, plan.port))
        self._raw = {
            ask.name: (
                f"GET {ask.path} HTTP/1.1\r\nhost: {plan.host}:{plan.port}\r\n"
                f"authorization: {plan.authorization}\r\naccept: application/json\r\n\r\n"
            ).encode()
            for ask in plan.asks
        }

    def ask(self, name: str) -> None:
        """Ask, and read the answer to its end."""
        self._socket.sendall(self._raw[name])
        found = b""
        while b"\r\n\r\n" not in found:
            found += self._socket.recv(PIECE_BYTES)
        head, _, body = found.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        assert lines[0].split()[1] == b"200", found
        left = next(int(line[15:]) for line in lines if line.startswith(b"content-length:")) - len(body)
        while left:
            left -= len(self._socket.recv(PIECE_BYTES))


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    fan_out = FAN_OUT.format(dag_id=FAN_OUT_DAG, isolation="isolated", width=WIDTH)
    with Standalone({"wide.py": WIDE, "fan_out.py": fan_out}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read(WIDE_DAG, FAN_OUT_DAG)
        standalone.run(WIDE_DAG, RUNS)
        standalone.run(FAN_OUT_DAG)
        plan = Caller(standalone).plan(MIXED_S)
        asker, pid = Asker(plan), _api_server(standalone)
        standalone.settle()
        weights = {ask.name: ask.weight for ask in plan.asks}
        for name in weights:
            _cost_ms(asker, pid, name, WARM)
        costs_ms = [{name: _cost_ms(asker, pid, name, REQUESTS) for name in weights} for _ in range(rounds)]
        least_ms = {name: min(costs[name] for costs in costs_ms) for name in weights}
        for name, cost_ms in least_ms.items():
            print(f"{name:15} {cost_ms:6.3f} ms  of {weights[name]} %")
        mean_ms = sum(least_ms[name] * weight for name, weight in weights.items()) / sum(weights.values())
        print(f"{'mean':15} {mean_ms:6.3f} ms")
        Loading(msgspec.structs.replace(plan, seconds=MIXED_S / 2)).done()
        before_s = processes.ran_s(pid)
        done = Loading(plan).done()
        mixed_ms = 1000 * (processes.ran_s(pid) - before_s) / len(done.looks)
        print(f"{'mixed':15} {mixed_ms:6.3f} ms  at {plan.per_s:.0f} a second")


def _api_server(standalone: Standalone) -> int:
    root = standalone.process.pid
    return next(
        pid
        for pid in processes.tree(root)
        if processes.name(pid) == API_SERVER and processes.parent(pid) == root
    )


def _cost_ms(asker: Asker, pid: int, name: str, count: int) -> float:
    before_s = processes.ran_s(pid)
    for _ in range(count):
        asker.ask(name)
    return 1000 * (processes.ran_s(pid) - before_s) / count


if __name__ == "__main__":
    main()
