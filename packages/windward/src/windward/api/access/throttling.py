"""Wrong passwords, counted by user name and by address, in this process. Buckets are bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from windward.api.contract.problem import Throttled
from windward.core.throttle import Allowance, Bucket, is_full, refilled, taken, wait_s
from windward.settings import AuthSettings

BUCKETS_MAX = 20_000
CHECKS_MAX = 8
"""Passwords that are checked or wait to be: more would keep threads from everybody else."""
BUSY_S = 1.0


class Throttle:
    """Refuses whoever tried too often. Safe to share between threads."""

    def __init__(self, settings: AuthSettings, *, monotonic: Callable[[], float]) -> None:
        window_s = settings.login_window_s
        self._by_name = Allowance(tries_max=settings.login_tries_max, window_s=window_s)
        self._by_address = Allowance(tries_max=settings.login_tries_per_address_max, window_s=window_s)
        self._monotonic = monotonic
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self._lock = threading.Lock()
        self._checks = threading.BoundedSemaphore(CHECKS_MAX)

    @contextmanager
    def trying(self, name: str, address: str) -> Iterator[Callable[[], None]]:
        """Take a try of a name and an address; what is given is called when it was right, and gives it back.

        Raises:
            Throttled: when there is none left, or when too many others try at this moment.
        """
        keys = ((("name", name), self._by_name), (("address", address), self._by_address))
        self._take(keys)
        if not self._checks.acquire(blocking=False):
            self._give_back(keys)
            raise Throttled("too many people sign in at this moment", retry_after_s=BUSY_S)
        try:
            yield lambda: self._give_back(keys)
        finally:
            self._checks.release()

    def _take(self, keys: tuple[tuple[tuple[str, str], Allowance], ...]) -> None:
        now_s = self._monotonic()
        with self._lock:
            found = [
                (key, refilled(self._buckets.get(key), allowed, now_s=now_s), allowed)
                for key, allowed in keys
            ]
            longest_s = max(wait_s(bucket, allowed) for _, bucket, allowed in found)
            if longest_s > 0:
                raise Throttled("too many tries to sign in; wait, then try again", retry_after_s=longest_s)
            for key, bucket, _ in found:
                self._put(key, taken(bucket))

    def _give_back(self, keys: tuple[tuple[tuple[str, str], Allowance], ...]) -> None:
        with self._lock:
            for key, allowed in keys:
                bucket = self._buckets.get(key)
                if bucket is None:
                    continue
                bucket = Bucket(left=bucket.left + 1, at_s=bucket.at_s)
                if is_full(bucket, allowed):
                    del self._buckets[key]
                else:
                    self._buckets[key] = bucket

    def _put(self, key: tuple[str, str], bucket: Bucket) -> None:
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
