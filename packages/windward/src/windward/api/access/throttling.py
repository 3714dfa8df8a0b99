"""Wrong passwords, counted by user name and by address: in the database, so that all API servers count together.

A try is taken when a password was wrong. Passwords that are being checked are not counted yet, but are few: what was
tried beyond the allowance meanwhile is owed, and the next try comes later for it. When there is none left, a right
password is refused like a wrong one: an answer that differed would say which is which.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from windward.api.access.familiar import Familiar
from windward.api.contract.problem import Throttled
from windward.core.throttle import Allowance, refilled, wait_s
from windward.ports.accounts import AccountStore
from windward.settings import AuthSettings

CHECKS_MAX = 8
"""Passwords that are checked or wait to be, in one API server: more would keep threads from everybody else."""
BUSY_S = 1.0


class Throttle:
    """Refuses whoever tried too often. Safe to share between threads."""

    def __init__(
        self, settings: AuthSettings, accounts: AccountStore, *, now: Callable[[], datetime]
    ) -> None:
        window_s = settings.login_window_s
        self._by_name = Allowance(tries_max=settings.login_tries_max, window_s=window_s)
        self._by_address = Allowance(tries_max=settings.login_tries_per_address_max, window_s=window_s)
        self._accounts = accounts
        self._now = now
        self._checks = threading.BoundedSemaphore(CHECKS_MAX)
        self._familiar = Familiar()

    def let_in(self, name: str, address: str) -> None:
        """Let in whose password is known to be right, unless there is no try left.

        Raises:
            Throttled: when there is none.
        """
        self._ask(name, address)
        self._familiar.note(name, address)

    @contextmanager
    def trying(self, name: str, address: str) -> Iterator[Callable[[], None]]:
        """Let a name and an address try; what is given is called when it was right, and a try is taken otherwise.

        Raises:
            Throttled: when there is none left, or when too many others try at this moment.
        """
        allowances = self._ask(name, address)
        if not self._checks.acquire(blocking=False):
            raise Throttled("too many people sign in at this moment", retry_after_s=BUSY_S)
        right = threading.Event()
        try:
            yield right.set
        finally:
            self._checks.release()
            if right.is_set():
                self._familiar.note(name, address)
            else:
                self._accounts.take_tries(allowances, now=self._now())

    def _ask(self, name: str, address: str) -> dict[str, Allowance]:
        """Return what a try is taken from: a name's allowance, its own one where it has signed in before, and the address's.

        Raises:
            Throttled: when there is no try left.
        """
        is_familiar = self._familiar.knows(name, address)
        who = _key("place", f"{name}\0{address}") if is_familiar else _key("name", name)
        allowances = {who: self._by_name, _key("address", address): self._by_address}
        now_s, found = self._now().timestamp(), self._accounts.load_tries(allowances)
        longest_s = max(
            wait_s(refilled(found.get(key), allowed, now_s=now_s), allowed)
            for key, allowed in allowances.items()
        )
        if longest_s > 0:
            raise Throttled("too many tries to sign in; wait, then try again", retry_after_s=longest_s)
        return allowances


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
