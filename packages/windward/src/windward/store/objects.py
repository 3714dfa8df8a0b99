"""Object stores: large values in a local folder, or in S3, GCS or Azure.

A location is a URL that `get` and `delete` of the same store understand. Whoever puts gives each attempt
a name of its own, so that an object is never replaced while someone reads or deletes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from windward.core.retention import StoredObject
from windward.errors import NotFoundError, SettingsError, UnavailableError

PART_BYTES_MAX = 200
"""Longest part of a path: file systems take 255 bytes, and a temporary suffix is added."""

PUT_TRIES_MAX = 5
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")
"""What `write_atomically` calls a file that is not whole yet."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._=+,@-]")
_CLOUDS = frozenset({"s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss"})


def open_object_store(url: str) -> LocalObjectStore | CloudObjectStore:
    """Return the object store at a folder, `file://`, `s3://`, `gs://` or `az://` URL; raise `SettingsError`."""
    scheme = urlsplit(url).scheme
    if scheme in {"", "file"}:
        return LocalObjectStore(Path(unquote(urlsplit(url).path)) if scheme else Path(url))
    if scheme in _CLOUDS:
        return CloudObjectStore(url)
    raise SettingsError(
        f"`{scheme}://` is not an object store that can be used",
        hint="Set `[xcom] object_store_url` to a folder, or to an `s3://`, `gs://` or `az://` URL.",
    )


def safe_name(name: str) -> str:
    """Return `name` as a relative path that stays below its folder, different for different names.

    Parts are divided by `/`. Characters that a file system or a URL may not like are percent-encoded; an
    empty part, `.` and `..` are refused with `ValueError`.
    """
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"`{name}` is not a name for an object")
    return "/".join(_safe_part(part) for part in parts)


def _safe_part(part: str) -> str:
    safe = _UNSAFE.sub(lambda match: quote(match[0], safe="", errors="surrogatepass"), part)
    if len(safe) <= PART_BYTES_MAX:
        return safe
    import hashlib

    digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{safe[: PART_BYTES_MAX - 33].rstrip('%')}~{digest}"


class LocalObjectStore:
    """Objects as files below a folder; written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().absolute()

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location, a `file://` URL."""
        path = self._root / safe_name(name)
        for _ in range(PUT_TRIES_MAX):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                write_atomically(path, data)
            except FileNotFoundError:  # somebody deleted the last object beside it, and the folder
                continue
            return path.as_uri()
        raise UnavailableError(f"the folder `{path.parent}` goes whenever it is made")

    def get(self, location: str) -> bytes:
        """Return the bytes; raise `NotFoundError`."""
        try:
            return self._path(location).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"no object at `{location}`") from error

    def delete(self, location: str) -> None:
        """Delete if it is there, and folders that become empty."""
        path = self._path(location)
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:
                break

    def pages(self, limit: int) -> Iterator[list[StoredObject]]:
        """Yield all objects, at most `limit` at a time."""
        page: list[StoredObject] = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # it was deleted meanwhile
                    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    is_unfinished = _TEMPORARY.fullmatch(name) is not None
                    one = StoredObject(
                        location=path.as_uri(), written_at=written_at, is_unfinished=is_unfinished
                    )
                    page.append(one)
                if len(page) == limit:
                    yield page
                    page = []
        yield page

    def location_of(self, name: str) -> str:
        """Return the location of the object of that name, which need not exist."""
        return (self._root / safe_name(name)).as_uri()

    def delete_below(self, prefix: str) -> int:
        """Delete the object of that name and all below it; return how many."""
        target = self._root / safe_name(prefix)
        files = [target] if target.is_file() else [found for found in target.rglob("*") if found.is_file()]
        for file in files:
            self.delete(file.as_uri())
        return len(files)

    def _path(self, location: str) -> Path:
        """Return the file of a location; one outside the folder is as good as missing, whatever it holds."""
        parts = urlsplit(location)
        path = Path(os.path.normpath(unquote(parts.path)))
        if parts.scheme != "file" or self._root not in path.parents:
            raise NotFoundError(f"`{location}` is not in the object store at `{self._root}`")
        return path


class CloudObjectStore:
    """Objects in a bucket; credentials come from the environment, as each cloud's own tools take them."""

    def __init__(self, url: str) -> None:
        import obstore.store

        self._url = url.rstrip("/")
        try:
            self._store: Any = obstore.store.from_url(self._url)
        except Exception as error:  # obstore raises a class of its own for each cloud
            raise SettingsError(
                f"the object store at `{self._url}` cannot be opened: {error}",
                hint="Check the URL and the credentials in the environment.",
            ) from error

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location, a URL below the store's."""
        path = safe_name(name)
        try:
            self._call("put", path, data)
        except FileNotFoundError as error:
            raise UnavailableError(
                f"there is no bucket at `{self._url}`: make it, or correct the URL"
            ) from error
        return f"{self._url}/{path}"

    def get(self, location: str) -> bytes:
        """Return the bytes; raise `NotFoundError`."""
        try:
            return bytes(self._call("get", self._path(location)).bytes())
        except FileNotFoundError as error:
            raise NotFoundError(f"no object at `{location}`") from error

    def delete(self, location: str) -> None:
        """Delete if it is there."""
        try:
            self._call("delete", self._path(location))
        except FileNotFoundError:
            return

    def pages(self, limit: int) -> Iterator[list[StoredObject]]:
        """Yield all objects, at most `limit` at a time; raise `UnavailableError`."""
        for found in self._listed(chunk_size=limit):
            yield [
                StoredObject(location=f"{self._url}/{item['path']}", written_at=item["last_modified"])
                for item in found
            ]

    def _listed(self, **which: Any) -> Iterator[Any]:
        import obstore
        from obstore.exceptions import BaseError

        try:
            yield from obstore.list(self._store, **which)
        except (BaseError, OSError) as error:
            raise UnavailableError(f"the object store at `{self._url}` does not answer: {error}") from error

    def location_of(self, name: str) -> str:
        """Return the location of the object of that name, which need not exist."""
        return f"{self._url}/{safe_name(name)}"

    def delete_below(self, prefix: str) -> int:
        """Delete the object of that name and all below it; return how many. Raise `UnavailableError`."""
        name = safe_name(prefix)
        found = [item["path"] for page in self._listed(prefix=name) for item in page]
        wanted = [path for path in found if path == name or path.startswith(f"{name}/")]
        for path in wanted:
            self.delete(f"{self._url}/{path}")
        return len(wanted)

    def _path(self, location: str) -> str:
        if not location.startswith(f"{self._url}/"):
            raise NotFoundError(f"`{location}` is not in the object store at `{self._url}`")
        return location.removeprefix(f"{self._url}/")

    def _call(self, verb: str, *arguments: Any) -> Any:
        import obstore
        from obstore.exceptions import BaseError

        try:
            return getattr(obstore, verb)(self._store, *arguments)
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise UnavailableError(f"the object store at `{self._url}` does not answer: {error}") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, or not at all; the folder exists."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
