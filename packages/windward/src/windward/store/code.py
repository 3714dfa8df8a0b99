"""Snapshots of DAG code on the local disk, named by what they hold.

Layout below the root: `objects/ab/cdef…` holds a content by its SHA-256, `manifests/HASH.json` says which
path has which content, `trees/HASH` is the snapshot as a folder, made when first asked for. Contents
and manifests never change, so several processes may save and materialise the same snapshot at once.
A manifest's modification time says when the snapshot was last saved. `lock` is held by those who save (together)
and by one who discards (alone), so that nothing that a save found is taken away before it is done.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec

from windward.errors import NotFoundError
from windward.store.objects import write_atomically

HASH_LENGTH = 32
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_DECODE = msgspec.json.Decoder(dict[str, str]).decode


class LocalCodeStore:
    """Content-addressed snapshots below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().absolute()

    def save(self, root: Path, paths: Mapping[str, bytes]) -> str:
        """Keep the contents under their hashes; return the snapshot's hash.

        Keys of `paths` are relative to `root`, the DAG folder, with `/`; one that leaves it is a `ValueError`.
        """
        import hashlib  # maps all of libcrypto: workers read only

        files = {}
        for path, content in paths.items():
            _check(path, root)
            files[path] = hashlib.sha256(content).hexdigest()
        body = _ENCODE(files)
        code_hash = hashlib.sha256(body).hexdigest()[:HASH_LENGTH]
        manifest = self._manifest(code_hash)
        with self._locked(fcntl.LOCK_SH):
            for path, content in paths.items():
                kept = self._object(files[path])
                if not kept.exists():
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    write_atomically(kept, content)
            if manifest.exists():
                os.utime(manifest)
            else:
                manifest.parent.mkdir(parents=True, exist_ok=True)
                # Last: who finds the manifest finds the contents.
                write_atomically(manifest, body)
        return code_hash

    def manifest(self, code_hash: str) -> dict[str, str]:
        """Return relative path → SHA-256 of the content; raise `NotFoundError`."""
        try:
            return _DECODE(self._manifest(code_hash).read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no snapshot `{code_hash}` of DAG code any more") from error

    def materialise(self, code_hash: str) -> Path:
        """Return a folder that holds the snapshot's files; raise `NotFoundError`. The files are read-only."""
        tree = self._root / "trees" / code_hash
        if tree.is_dir():
            return tree
        files = self.manifest(code_hash)
        tree.parent.mkdir(parents=True, exist_ok=True)
        building = tree.with_name(f".{code_hash}.{os.urandom(4).hex()}")
        try:
            building.mkdir()
            for path, content_hash in files.items():
                target = building / path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._copy(content_hash, target)
            try:
                building.rename(tree)
            except OSError:
                # Another process was faster: its tree holds the same.
                if not tree.is_dir():
                    raise
        finally:
            _remove(building)
        return tree

    def _copy(self, content_hash: str, target: Path) -> None:
        """Copy a content. Not a hard link: code that writes beside itself must not change other snapshots."""
        try:
            target.write_bytes(self._object(content_hash).read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError(f"content `{content_hash}` of a snapshot is missing") from error
        target.chmod(0o444)

    def snapshots(self) -> list[tuple[str, datetime]]:
        """Return (code hash, when it was last saved) of every snapshot, by hash."""
        found = []
        for path in sorted((self._root / "manifests").glob("[!.]*.json")):
            with suppress(FileNotFoundError):  # somebody else discards
                found.append((path.stem, _saved_at(path)))
        return found

    def discard(self, code_hashes: Collection[str], *, saved_before: datetime) -> int:
        """Delete these snapshots, but none that was saved since; return how many.

        Contents that no snapshot has any more go too. Safe beside a `save` in another process.
        """
        if not self._root.is_dir():
            return 0
        count = 0
        with self._locked(fcntl.LOCK_EX):
            manifests = dict(self.snapshots())
            for code_hash in code_hashes:
                if code_hash in manifests and manifests[code_hash] < saved_before:
                    self._manifest(code_hash).unlink(missing_ok=True)
                    _remove(self._root / "trees" / code_hash)
                    del manifests[code_hash]
                    count += 1
            if count:
                self._sweep({name for left in manifests for name in self.manifest(left).values()})
        return count

    def _sweep(self, used: set[str]) -> None:
        for kept in (self._root / "objects").glob("*/*"):
            if kept.parent.name + kept.name not in used:
                kept.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        file = os.open(self._root / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, how)
            yield
        finally:
            os.close(file)

    def _object(self, content_hash: str) -> Path:
        return self._root / "objects" / content_hash[:2] / content_hash[2:]

    def _manifest(self, code_hash: str) -> Path:
        if len(code_hash) != HASH_LENGTH or not code_hash.isalnum():
            raise NotFoundError(f"`{code_hash}` does not name a snapshot of DAG code")
        return self._root / "manifests" / f"{code_hash}.json"


def _saved_at(manifest: Path) -> datetime:
    return datetime.fromtimestamp(manifest.stat().st_mtime, UTC)


def _check(path: str, root: Path) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or os.sep != "/" or path != "/".join(parts):
        raise ValueError(f"`{path}` is not a path relative to `{root}`")


def _remove(tree: Path) -> None:
    import shutil  # maps three libraries, and a worker keeps most trees

    shutil.rmtree(tree, ignore_errors=True)
