"""Conditions upon assets: which of them must have been written before a run is wanted.

What lives here: the closed union that a schedule holds, and what is true of it by itself. What may not: events, runs,
who waits for what (`windward.core.assets`).

An asset is known by its name and its URI; a leaf that has only one of them is a reference and means whatever asset
has it. An alias stands for the assets that were written through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from msgspec import Struct


class AssetLeaf(Struct, frozen=True, omit_defaults=True, tag="asset", tag_field="type"):
    """One asset; a reference when `name` or `uri` is empty."""

    name: str = ""
    uri: str = ""


class AliasLeaf(Struct, frozen=True, tag="alias", tag_field="type"):
    """Any asset that was written through an alias."""

    name: str


class AllOf(Struct, frozen=True, tag="all", tag_field="type"):
    """Every part holds; of no parts: never."""

    parts: tuple[AssetLeaf | AliasLeaf | AllOf | AnyOf, ...]


class AnyOf(Struct, frozen=True, tag="any", tag_field="type"):
    """At least one part holds."""

    parts: tuple[AssetLeaf | AliasLeaf | AllOf | AnyOf, ...]


Leaf = AssetLeaf | AliasLeaf
Condition = Leaf | AllOf | AnyOf


def asset_key(name: str, uri: str) -> str:
    """Return the key of an asset in the database: 32 hexadecimal digits, the same wherever it is declared."""
    import hashlib  # maps all of libcrypto, and templates do not need it

    return hashlib.sha256(f"{name}\0{uri}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Return the leaves from left to right; one that is named twice comes twice."""
    match condition:
        case AssetLeaf() | AliasLeaf():
            yield condition
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from leaves(part)
        case _:
            assert_never(condition)


def holds(condition: Condition, is_there: Callable[[Leaf], bool]) -> bool:
    """Whether the condition holds, given which leaves do."""
    match condition:
        case AssetLeaf() | AliasLeaf():
            return is_there(condition)
        case AllOf(parts=parts):
            return bool(parts) and all(holds(part, is_there) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, is_there) for part in parts)
    assert_never(condition)


def missing(condition: Condition, is_there: Callable[[Leaf], bool]) -> tuple[Leaf, ...]:
    """Return the leaves that a condition still waits for, each once: nothing when it holds."""
    if holds(condition, is_there):
        return ()
    match condition:
        case AssetLeaf() | AliasLeaf():
            return (condition,)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return tuple(dict.fromkeys(leaf for part in parts for leaf in missing(part, is_there)))
    assert_never(condition)


def describe_leaf(leaf: Leaf) -> str:
    """Return the name that people know a leaf by."""
    return leaf.name if isinstance(leaf, AliasLeaf) else leaf.name or leaf.uri


def describe_condition(condition: Condition) -> str:
    """Return a condition in words: `orders and (prices or rates)`."""
    match condition:
        case AssetLeaf():
            return describe_leaf(condition)
        case AliasLeaf(name=name):
            return f"alias {name}"
        case AllOf(parts=parts):
            return " and ".join(_in_brackets(part) for part in parts) or "no asset"
        case AnyOf(parts=parts):
            return " or ".join(_in_brackets(part) for part in parts) or "no asset"
    assert_never(condition)


def _in_brackets(part: Condition) -> str:
    words = describe_condition(part)
    return f"({words})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else words
