"""What a parsed file becomes in the store: documents, a code snapshot, a file row, and who owns a DAG id.

An id belongs to the file that has it: a newcomer that declares it too takes nothing away from a pipeline that runs.
Of files that come at once the first by name gets it, so that a folder means the same on each new database. Whoever does
not get it has an error and the dependency `dag:ID`, whose hash is the owner: when the owner goes away the other is
parsed again and takes over.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from windward.document import DagDocument, content_hash, decode, encode
from windward.model.files import FileRecord
from windward.ports.files import CodeStore
from windward.ports.store import CatalogStore, ParsedFile, StoredFile
from windward.ports.windows import DatesAsked
from windward.processor.answers import POOL, PREFIXES, ParseAnswers
from windward.processor.asset_claims import ASSET, AssetClaims, assets_in, dependency_of
from windward.processor.fingerprint import ABSENT, Fingerprints, hash_bytes
from windward.processor.messages import DagParsed
from windward.processor.plan import combined_hash
from windward.processor.pool import ParseOutcome
from windward.processor.windows import WindowKeeper
from windward.timetable import Dates, Windows

DAG = "dag:"
REQUESTS_LOOKED_FOR_S = 10.0
"""How often people's wishes to have a file read again are looked for: an idle installation asks little."""
SNAPSHOT_FILE_BYTES_MAX = 16 * 1024 * 1024
"""A larger file that a DAG file reads while it is imported is data, not code."""

Packed = tuple[str, bytes, DagDocument]

log = logging.getLogger(__name__)


def is_on_disk(dependency: str) -> bool:
    """Whether a dependency is a file, a folder or a missing module of the DAG folder."""
    return not dependency.startswith((DAG, ASSET, *PREFIXES))


def claims(record: FileRecord) -> set[str]:
    """Return the ids that a file declares, whether it got them or not."""
    contested = {name.removeprefix(DAG) for name in record.imports if name.startswith(DAG)}
    return contested | set(record.dag_ids)


class Results:
    """Writes outcomes. `known` is what the store holds, kept up to date here."""

    def __init__(
        self, root: Path, catalog: CatalogStore, code: CodeStore | None, fingerprints: Fingerprints,
        answers: ParseAnswers, *, key: str, paused_at_creation: bool,
    ) -> None:  # fmt: skip
        self._root = root
        self._catalog = catalog
        self._code = code
        self._fingerprints = fingerprints
        self._answers = answers
        self._key = key
        self._paused_at_creation = paused_at_creation
        self.known: dict[str, FileRecord] = {}
        self.claimants: dict[str, set[str]] = {}
        self._new_ids: set[str] = set()  # what a file got since the folder was last seen through
        self._raced: set[str] = set()  # what it read changed, or it was away, while a file was last parsed
        self.assets = AssetClaims()
        self.windows = WindowKeeper(catalog)
        self._requests_due = 0.0

    def load(self) -> None:
        """Read what the store knows."""
        self.known = {}
        self.claimants = {}
        self._new_ids = set()
        self.assets = AssetClaims()
        for record in self._catalog.load_files():
            self._remember(record)
        self.windows.load(self.known.values())

    def wishes(self, now_s: float) -> set[str]:
        """Return what `requested` does, but look only every few seconds. `now_s` is monotonic."""
        if now_s < self._requests_due:
            return set()
        self._requests_due = now_s + REQUESTS_LOOKED_FOR_S
        return self.requested()

    def requested(self) -> set[str]:
        """Return the files that people want to be read again; each is given out once."""
        return set(self._catalog.take_parse_requests())

    def forget(self, fileloc: str, *, now: datetime) -> tuple[str, ...]:
        """Delete a file that is gone; return the ids of DAGs that changed."""
        self._unclaim(fileloc)
        self.known.pop(fileloc, None)
        self.windows.forget(fileloc)
        return self._catalog.delete_file(fileloc, now=now)

    def owner(self, dag_id: str) -> str:
        """Return the file that an id belongs to now, `absent` when nobody declares it."""
        claimants = self.claimants.get(dag_id, set())
        return self._holder(dag_id, claimants) or min(claimants, default=ABSENT)

    def settle(self) -> None:
        """Take what files have got as theirs: the whole folder is seen through, and who comes now comes later."""
        self._new_ids.clear()

    def _holder(self, dag_id: str, claimants: Collection[str]) -> str | None:
        return next((fileloc for fileloc in claimants if dag_id in self.known[fileloc].dag_ids), None)

    def apply(
        self, outcomes: Sequence[ParseOutcome], *, is_found: Mapping[str, object], now: datetime
    ) -> tuple[str, ...]:
        """Store what files gave, in one go; return the ids of DAGs that changed. What is stale by now is left out.

        `is_found` has the files of the DAG folder that are parsed on their own: a DAG that a file only
        took from one of them by an import belongs to that one.
        """
        files: list[ParsedFile] = []
        windows: dict[str, Windows] = {}
        answers: list[tuple[DatesAsked, Dates]] = []
        for outcome in outcomes:
            answers += self.windows.answers(outcome.found.fileloc, outcome.dags, outcome.error)
            if (parsed := self._parsed(outcome, is_found=is_found, now=now)) is not None:
                files += self._added(parsed)
                windows |= self.windows.changed(parsed.file, outcome.dags)
        changed = self._put(files, now=now) if files else ()
        if windows:
            self._catalog.put_windows(windows)
        if answers:
            self._catalog.answer_dates(answers)
        return tuple(dict.fromkeys((*changed, *windows)))

    def _put(self, files: Sequence[ParsedFile], *, now: datetime) -> tuple[str, ...]:
        """Write files; one that the database refuses keeps what it had before, with the refusal as its error."""
        stored = self._put_files(files, now=now)
        refused = [
            ParsedFile(file=msgspec.structs.replace(parsed.file, error=_refused(parsed.file, one.refused)))
            for parsed, one in zip(files, stored, strict=True)
            if one.refused
        ]
        if refused:
            for parsed in refused:
                self._remember(parsed.file)
                log.warning(
                    "database refuses a DAG file",
                    extra={"file": parsed.file.fileloc, "error": parsed.file.error},
                )
            stored += self._put_files(refused, now=now)
        return tuple(dag_id for one in stored for dag_id in one.changed)

    def _put_files(self, files: Sequence[ParsedFile], *, now: datetime) -> tuple[StoredFile, ...]:
        return self._catalog.put_files(files, paused_at_creation=self._paused_at_creation, now=now)

    def _parsed(
        self, outcome: ParseOutcome, *, is_found: Mapping[str, object], now: datetime
    ) -> ParsedFile | None:
        """Return what a file gave; None when it is stale by now."""
        fileloc = outcome.found.fileloc
        if self._fingerprints.of_file(outcome.found.source) is None:
            return None  # Deleted or renamed meanwhile; the next scan says so.
        if outcome.is_unread and fileloc not in self._raced:
            self._raced.add(fileloc)
            return None  # It was away for a moment, as while it was replaced: it is parsed again.
        hashes = self._dependency_hashes(outcome)
        is_plain = outcome.found.source == fileloc
        # Of a zip the child tells the hash of a member only. The scan saw the zip before it was read: if that
        # was another one, the next scan finds so. What stands there now may be newer than what was read.
        source_hash = (outcome.source_hash if is_plain else "") or outcome.found.content_hash
        dags = [
            dag
            for dag in outcome.dags
            if not any(other in is_found for other in dag.also_in if other != fileloc)
        ]
        errors = [outcome.error] if outcome.error else []
        errors += [dag.error for dag in dags if dag.error]
        documents: dict[str, DagDocument] = {}
        for dag in dags:
            if not dag.document:
                continue
            if dag.dag_id in documents:
                errors.append(_twice_in_one_file(dag.dag_id))
                continue
            if (other := self._preferred(dag.dag_id, fileloc)) is not None:
                hashes[DAG + dag.dag_id] = other
                errors.append(_declared_elsewhere(dag.dag_id, other))
                continue
            documents[dag.dag_id] = decode(dag.document)
        before = self.known.get(fileloc)
        stay = _that_stay(before, documents, dags, has_error=bool(outcome.error))
        declared = {dependency_of(asset) for asset in assets_in(documents.values())}
        if before is not None:
            self.assets.forget(fileloc, before.imports)
            if stay:  # Which of the assets were theirs is not known here: all of them count as declared.
                declared.update(name for name in before.imports if name.startswith(ASSET))
        self.assets.put_dependencies(fileloc, declared)
        hashes |= {name: self.assets.hash_of(name) for name in declared}
        code_hash = self._snapshot(outcome, source_hash, hashes)
        if code_hash is None:
            return None
        packed = [self._pack(document, fileloc, code_hash, hashes) for document in documents.values()]
        record = FileRecord(
            fileloc=fileloc,
            content_hash=combined_hash(self._key, source_hash, hashes),
            imports=tuple(sorted(hashes)),
            dag_ids=tuple(sorted({*documents, *stay})),
            error="\n\n".join(errors) or None,
            warnings=(*outcome.warnings, *self.assets.warnings_of(fileloc, documents.values())),
            parsed_at=now,
            duration_s=round(outcome.duration_s, 6),
        )
        return ParsedFile(file=record, documents=tuple(packed))

    def _added(self, parsed: ParsedFile) -> list[ParsedFile]:
        """Take a file into what is known; return what has to be written for it."""
        record = parsed.file
        before = self.known.get(record.fileloc)
        self._remember(record)
        self._new_ids.update(set(record.dag_ids).difference(before.dag_ids if before is not None else ()))
        if before is not None and not parsed.documents and _same(before, record):
            return []
        losers = [
            self._demoted(fileloc, dag_id, record.fileloc)
            for dag_id in record.dag_ids
            for fileloc in sorted(self.claimants[dag_id] - {record.fileloc})
            if dag_id in self.known[fileloc].dag_ids
        ]
        return [*losers, parsed]

    def _demoted(self, fileloc: str, dag_id: str, owner: str) -> ParsedFile:
        """Take an id from a file in favour of one that came with it; it is parsed again for the rest."""
        loser = self.known[fileloc]
        error = _declared_elsewhere(dag_id, owner)
        record = msgspec.structs.replace(
            loser,
            content_hash="",
            dag_ids=tuple(other for other in loser.dag_ids if other != dag_id),
            imports=tuple(sorted({*loser.imports, DAG + dag_id})),
            error=f"{loser.error}\n\n{error}" if loser.error else error,
        )
        self._remember(record)
        return ParsedFile(file=record)

    def _preferred(self, dag_id: str, fileloc: str) -> str | None:
        """Return the other file that has or gets an id which this one declares; None when this one does."""
        others = self.claimants.get(dag_id, set()) - {fileloc}
        if not others or ((own := self.known.get(fileloc)) is not None and dag_id in own.dag_ids):
            return None
        holder = self._holder(dag_id, others)
        if holder is not None and dag_id not in self._new_ids:
            return holder
        first = holder or min(others)
        return first if first < fileloc else None

    def _dependency_hashes(self, outcome: ParseOutcome) -> dict[str, str]:
        """Return the hashes of what a file depends on, as it was when the file was parsed.

        What changed meanwhile counts as it was, so that the file is parsed again; but not twice in a row, for then it
        is the file itself that changes it.
        """
        found = {
            name: known or (self._fingerprints.of_dependency(name) if is_on_disk(name) else ABSENT)
            for name, known in outcome.dependencies.items()
        }
        fileloc, known = outcome.found.fileloc, outcome.dependencies
        before = {
            name: was for name, was in outcome.seen.items() if known[name] is None and was != found[name]
        }
        if before and fileloc not in self._raced:
            self._raced.add(fileloc)
            return found | before
        self._raced.discard(fileloc)
        return found

    def _snapshot(self, outcome: ParseOutcome, source_hash: str, hashes: Mapping[str, str]) -> str | None:
        """Keep the code that was parsed; None when it is not what the folder holds any more."""
        if self._code is None or not any(dag.document for dag in outcome.dags):
            return ""
        files: dict[str, bytes] = {}
        expected = {
            name: value
            for name, value in hashes.items()
            if is_on_disk(name)
            and name
            and not name.endswith(("?", "/"))  # empty: the DAG folder's own listing
        }
        for name, value in {outcome.found.source: source_hash, **expected}.items():
            if value == ABSENT:
                continue
            path = self._root / name
            try:
                if not name.endswith((".py", ".zip")) and path.stat().st_size > SNAPSHOT_FILE_BYTES_MAX:
                    continue
                data = path.read_bytes()
            except OSError:
                return None
            if name.endswith((".py", ".zip")) and hash_bytes(data) != value:
                return None
            files[name] = data
        return self._code.save(self._root, files)

    def _pack(self, document: DagDocument, fileloc: str, code_hash: str, hashes: dict[str, str]) -> Packed:
        notes: list[str] = []
        for pool in sorted({task.pool for task in document.tasks}):
            if pool not in self._answers.pools():
                users = ", ".join(f"`{task.task_id}`" for task in document.tasks if task.pool == pool)
                notes.append(
                    f"pool `{pool}` does not exist, {users} will wait for it: "
                    f"create it with `windward pools set {pool} SLOTS`"
                )
                hashes[POOL + pool] = ABSENT
        document = msgspec.structs.replace(
            document, fileloc=fileloc, code_hash=code_hash, warnings=(*document.warnings, *notes)
        )
        data = encode(document)
        return content_hash(data), data, document

    def _remember(self, record: FileRecord) -> None:
        self._unclaim(record.fileloc)
        self.known[record.fileloc] = record
        self.assets.put_dependencies(record.fileloc, record.imports)
        for dag_id in claims(record):
            self.claimants.setdefault(dag_id, set()).add(record.fileloc)

    def _unclaim(self, fileloc: str) -> None:
        record = self.known.get(fileloc)
        if record is not None:
            self.assets.forget(fileloc, record.imports)
        for dag_id in claims(record) if record is not None else ():
            if (claimants := self.claimants.get(dag_id)) is not None:
                claimants.discard(fileloc)
                if not claimants:
                    del self.claimants[dag_id]


def _that_stay(
    before: FileRecord | None, documents: Collection[str], dags: Sequence[DagParsed], *, has_error: bool
) -> set[str]:
    """Return the DAGs that a file had and that an error keeps from being read: they stay as they were last read."""
    if before is None:
        return set()
    failed = {dag.dag_id for dag in dags if dag.error}
    return {
        dag_id for dag_id in before.dag_ids if dag_id not in documents and (has_error or dag_id in failed)
    }


def _same(before: FileRecord, after: FileRecord) -> bool:
    return msgspec.structs.replace(before, parsed_at=None, duration_s=0.0) == msgspec.structs.replace(
        after, parsed_at=None, duration_s=0.0
    )


def _refused(record: FileRecord, reason: str) -> str:
    refused = f"the database refuses what the file declares: {reason}\n\nhint: Is a name too long?"
    return f"{record.error}\n\n{refused}" if record.error else refused


def _declared_elsewhere(dag_id: str, other: str) -> str:
    return (
        f"DAG `{dag_id}` is declared by `{other}` already\n\n"
        "hint: DAG ids are unique. Rename one of the two, or remove one of the files."
    )


def _twice_in_one_file(dag_id: str) -> str:
    return (
        f"the file declares two DAGs named `{dag_id}`; the first one is used\n\n"
        "hint: DAG ids are unique. Rename one of the two."
    )
