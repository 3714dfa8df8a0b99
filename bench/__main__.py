"""The table of numbers: `python -m bench [W1 W2 ...] [--repeat N]`. Exit code 1 when a row could not be measured.

Each row is a module `wNN_….py` (`u….py` for what a browser shows, `x….py` for rows without a number) with a function `measure(repeat)` that
yields rows. A missed target is no error: the table says so.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path

from bench.floor import FLOOR_BYTES, floor_ms
from bench.rows import Row, cells, table

FOLDER = Path(__file__).parent


def main() -> int:
    """Measure what was asked for and print it."""
    modules = {_name(path): path.stem for path in sorted(FOLDER.glob("[uwx][0-9][0-9]_*.py"))}
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and print a table.")
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"any of {' '.join(modules)}; all when left out"
    )
    parser.add_argument("--repeat", type=int, default=5, help="times that each row is measured (default: 5)")
    args = parser.parse_args()
    wanted = [name.upper() for name in args.rows] or list(modules)
    unknown = [name for name in wanted if name not in modules]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {' '.join(modules)}")
    rows: list[Row] = []
    failed: list[str] = []
    for name in wanted:
        try:
            for row in importlib.import_module(f"bench.{modules[name]}").measure(args.repeat):
                rows.append(row)
                print(" · ".join(filter(None, cells(row))), file=sys.stderr, flush=True)
        except Exception:  # noqa: BLE001 - one row that fails must not cost the others
            traceback.print_exc()
            failed.append(name)
    if rows:
        print(f"\n{table(rows)}\n\n{machine()}\n{floor()}")
    for name in failed:
        print(f"{name}: not measured, see above")
    return 1 if failed else 0


def machine() -> str:
    """Return what the numbers were measured on, in one line."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal: *(\d+)", Path("/proc/meminfo").read_text())
    return (
        f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, "
        f"{int(memory[1]) / 2**20 if memory else 0:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M')}"
    )


def floor() -> str:
    """Return what a fork costs now: machines of one name differ, and one machine differs from hour to hour."""
    size_mb = FLOOR_BYTES / 2**20
    return f"the floor: fork, exit and wait of a process with {size_mb:.0f} MiB more than an interpreter took {floor_ms():.2f} ms"


def _name(path: Path) -> str:
    """Return the name of a row: `w01_fan_out.py` is W1."""
    return f"{path.stem[0].upper()}{int(path.stem[1:3])}"


if __name__ == "__main__":
    sys.exit(main())
