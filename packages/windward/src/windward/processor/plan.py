"""Which files to parse, in which order, and which are gone. Pure: what is known and what is there, as values.

A file is parsed when the hash over its own content and everything that it depends on differs from the one
its last parse was stored with. Nothing else makes it so: an unchanged folder gives an empty plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from windward.model.files import FileRecord
from windward.processor.discover import Found
from windward.processor.fingerprint import ABSENT

SETTLE_NS = 40_000_000
"""A file written less than this ago may still be in the middle of being written."""


@dataclass(frozen=True)
class Plan:
    """What to do now. `parse` is in order; `unsettled` are files to look at again in a moment."""

    parse: tuple[Found, ...] = ()
    gone: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()


def combined_hash(key: str, source_hash: str, dependencies: Mapping[str, str]) -> str:
    """Return the hash that a parse is stored with.

    `key` names everything else that documents depend on (our version, settings); `dependencies` maps each
    dependency to its hash.
    """
    digest = hashlib.sha256(f"{key}\n{source_hash}\n".encode())
    for name in sorted(dependencies):
        digest.update(f"{name}\0{dependencies[name]}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def decide_plan(
    known: Mapping[str, FileRecord],
    found: Sequence[Found],
    hashes: Mapping[str, str],
    *,
    key: str,
    now_ns: int,
    retry: Collection[str] = (),
    unreadable: Collection[str] = (),
) -> Plan:
    """Decide what to parse.

    `hashes` holds the hash now of each found source and of each dependency of a known file. `retry` are
    files whose last error may have been a passing one and whose time has come. First those that
    are new or were edited, then those whose dependencies changed, each with the newest file first.
    What is `unreadable`, or lies below it, is not gone: a mount may be missing for a moment.
    """
    edited: list[Found] = []
    affected: list[Found] = []
    unsettled: list[str] = []
    for file in found:
        record = known.get(file.fileloc)
        source_hash = hashes.get(file.source, ABSENT)
        if record is not None and file.fileloc not in retry:
            dependencies = {name: hashes.get(name, ABSENT) for name in record.imports}
            if record.content_hash == combined_hash(key, source_hash, dependencies):
                continue
        if 0 <= now_ns - file.stamp.mtime_ns < SETTLE_NS:
            unsettled.append(file.fileloc)
        elif record is None or _is_newer(file, record):
            edited.append(file)
        else:
            affected.append(file)
    here = {file.fileloc for file in found}
    return Plan(
        parse=(*sorted(edited, key=_newest_first), *sorted(affected, key=_newest_first)),
        gone=tuple(
            fileloc
            for fileloc in sorted(known.keys() - here)
            if not any(not place or f"{fileloc}/".startswith(f"{place}/") for place in unreadable)
        ),
        unsettled=tuple(unsettled),
    )


def _is_newer(file: Found, record: FileRecord) -> bool:
    return record.parsed_at is None or file.stamp.mtime_ns > record.parsed_at.timestamp() * 1e9


def _newest_first(file: Found) -> tuple[int, str]:
    return (-file.stamp.mtime_ns, file.fileloc)
