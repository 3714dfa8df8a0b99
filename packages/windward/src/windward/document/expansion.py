"""What a mapped task expands over, reduced to lengths: the scheduler needs to know how many, never what.

The values themselves are resolved by the task process.
"""

from __future__ import annotations

from typing import Literal

import msgspec

INSTANCES_MAX = 100_000
"""Most instances that a mapped task, or all tasks of a mapped group together, may have in a run."""


class LiteralLength(msgspec.Struct, frozen=True, tag="literal"):
    """A literal list or dict of `length` items in the DAG file."""

    length: int


class XComLength(msgspec.Struct, frozen=True, tag="xcom"):
    """The length of what `task_id` returned (of all its instances together, when it is mapped)."""

    task_id: str


class ZipLength(msgspec.Struct, frozen=True, tag="zip"):
    """The shortest of `parts`, or the longest when there is a fill value."""

    parts: tuple[LiteralLength | XComLength | ZipLength | ConcatLength, ...]
    fill: bool = False


class ConcatLength(msgspec.Struct, frozen=True, tag="concat"):
    """The sum of `parts`."""

    parts: tuple[LiteralLength | XComLength | ZipLength | ConcatLength, ...]


Length = LiteralLength | XComLength | ZipLength | ConcatLength


class Expansion(msgspec.Struct, frozen=True, kw_only=True):
    """How many instances a mapped task (or task group) gets.

    `product`: the product of the lengths of all arguments, the last one fastest; `kwargs`: one length.
    """

    style: Literal["product", "kwargs"]
    arguments: tuple[tuple[str, Length], ...]
