"""The worker hosts of this machine, remembered beyond a scheduler's life: who they are, and whether they still live.

A scheduler that is started again finds out at once which of its predecessor's hosts have died meanwhile, and need not
wait for their leases to end. A process is known by its number and the time of its start, so that another process with
the same number is not taken for it.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

log = logging.getLogger("windward.executors.hub")
FILE = "hosts.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START_FIELD = 19
"""Field 22 of `/proc/PID/stat`, counted from behind the name."""


class KnownHosts:
    """A small file of hosts, written anew whenever one comes or goes."""

    def __init__(self, run_folder: Path) -> None:
        self._path = run_folder / FILE
        self._hosts: dict[str, tuple[int, int]] = {}

    def load(self) -> tuple[dict[str, int], list[str]]:
        """Return the predecessor's hosts: those that live (id to pid), and the ids of the dead."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            boot, hosts = (
                found["boot"],
                {str(name): (int(pid), int(at)) for name, (pid, at) in found["hosts"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}, []
        self._hosts = {
            name: (pid, at) for name, (pid, at) in hosts.items() if boot == _boot() and started_at(pid) == at
        }
        self._save()
        return {name: pid for name, (pid, _) in self._hosts.items()}, [
            name for name in hosts if name not in self._hosts
        ]

    def add(self, host_id: str, pid: int) -> None:
        """Remember a host, if its process can be told from others."""
        at = started_at(pid)
        if at is not None:
            self._hosts[host_id] = (pid, at)
            self._save()

    def drop(self, host_id: str) -> None:
        """Forget a host that is settled."""
        if self._hosts.pop(host_id, None) is not None:
            self._save()

    def _save(self) -> None:
        draft = self._path.with_suffix(".new")
        try:
            if not self._hosts:
                self._path.unlink(missing_ok=True)
                return
            draft.write_text(json.dumps({"boot": _boot(), "hosts": self._hosts}), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:  # what is lost is time: leases end by themselves
            log.warning(
                "worker hosts are not remembered", extra={"path": str(self._path), "error": str(error)}
            )


def started_at(pid: int) -> int | None:
    """Return when a process started, in ticks since the boot; None when there is none, or when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[_START_FIELD])


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
