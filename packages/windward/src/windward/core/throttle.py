"""How often somebody may try: a bucket of tries that fills up again with time. Pure."""

from __future__ import annotations

import msgspec


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """`tries_max` tries, of which one comes back each `window_s / tries_max` seconds."""

    tries_max: int
    window_s: float

    @property
    def interval_s(self) -> float:
        """Seconds after which one more try is given."""
        return self.window_s / self.tries_max


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the tries, as it was at a moment, in seconds since the epoch. Less than none is owed."""

    left: float
    at_s: float


def refilled(bucket: Bucket | None, allowance: Allowance, *, now_s: float) -> Bucket:
    """Return the bucket as it is now; None was never touched."""
    if bucket is None:
        return Bucket(left=allowance.tries_max, at_s=now_s)
    gained = max(0.0, now_s - bucket.at_s) / allowance.interval_s
    return Bucket(left=min(allowance.tries_max, bucket.left + gained), at_s=now_s)


def wait_s(bucket: Bucket, allowance: Allowance) -> float:
    """Return the seconds until the next try; 0 when one is left."""
    return 0.0 if bucket.left >= 1 else (1 - bucket.left) * allowance.interval_s


def taken(bucket: Bucket) -> Bucket:
    """Return the bucket with one try less."""
    return Bucket(left=bucket.left - 1, at_s=bucket.at_s)
