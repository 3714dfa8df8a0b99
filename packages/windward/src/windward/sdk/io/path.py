"""`ObjectStoragePath`: a path in an object store or on disk, with the connection that reaches it.

What may not live here: how a store is reached (`filesystems`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from windward.sdk.io.filesystems import LOCAL_SCHEMES, attach, require_libraries

require_libraries()

from upath import UPath  # noqa: E402 - the line above says what is missing when it is not there
from upath.extensions import ProxyUPath  # noqa: E402 - as above
from upath.implementations.cloud import CloudPath  # noqa: E402 - as above

_COPY_BYTES = 8 * 1024 * 1024


class _StoredPath(CloudPath):
    """A path whose file system is made by its connection, when it is first used."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Be this class for every scheme, whatever library is registered for it."""
        return object.__new__(cls)

    @classmethod
    def _fs_factory(cls, urlpath: str, protocol: str, storage_options: Mapping[str, Any]) -> Any:
        del urlpath
        options = dict(storage_options)
        conn_id = options.pop("conn_id", None)
        store = attach(protocol, conn_id)
        if options:
            from windward.sdk.io.filesystems import get_fs

            return get_fs(protocol, conn_id, options)
        return store.fs


class ObjectStoragePath(ProxyUPath):
    """`ObjectStoragePath("s3://conn_id@bucket/key")`: a `pathlib.Path` for object stores and local files.

    The connection stands before the `@`, or is given as `conn_id`; without one the environment signs in, as each
    cloud's own tools do. It may be passed between tasks.
    """

    __version__: ClassVar[int] = 1
    __slots__ = ()

    def __init__(
        self, *args: Any, protocol: str | None = None, conn_id: str | None = None, **storage_options: Any
    ) -> None:
        first, *more = args or (".",)
        if isinstance(first, ObjectStoragePath):
            conn_id = conn_id or first.conn_id
            storage_options = {**first._options, **storage_options}  # noqa: SLF001 - its own kind
            first = first._plain_url  # noqa: SLF001 - as above
        text = os.fspath(first) if isinstance(first, os.PathLike) else str(first)
        parts = urlsplit(text)
        before, has_conn, host = parts.netloc.rpartition("@")
        if has_conn:
            conn_id = conn_id or before or None
            text = parts._replace(netloc=host).geturl()
        scheme = protocol or parts.scheme
        if scheme in LOCAL_SCHEMES:
            self.__wrapped__ = UPath(text if parts.scheme else os.path.abspath(text), *more, protocol="file")  # noqa: PTH100 - links stay as they are named
        else:
            self.__wrapped__ = _StoredPath(text, *more, protocol=scheme, conn_id=conn_id, **storage_options)

    @property
    def _options(self) -> dict[str, Any]:
        return {key: value for key, value in self.storage_options.items() if key != "conn_id"}

    @property
    def _plain_url(self) -> str:
        """The URL without the connection."""
        return str(self.__wrapped__) if self.protocol not in LOCAL_SCHEMES else f"file://{self.path}"

    @property
    def conn_id(self) -> str | None:
        """Id of the connection, or None."""
        found: str | None = self.storage_options.get("conn_id")
        return found

    @property
    def container(self) -> str:
        """The bucket."""
        return self.bucket

    @property
    def bucket(self) -> str:
        """The bucket; empty for local files."""
        return "" if self.protocol in LOCAL_SCHEMES else self.path.partition("/")[0]

    @property
    def key(self) -> str:
        """The path in the bucket."""
        return self.path if self.protocol in LOCAL_SCHEMES else self.path.partition("/")[2]

    @property
    def namespace(self) -> str:
        """Scheme and bucket."""
        return f"{self.protocol}://{self.bucket}" if self.bucket else f"{self.protocol or 'file'}://"

    def __str__(self) -> str:
        url = self._plain_url
        conn_id = self.conn_id
        return url.replace("://", f"://{conn_id}@", 1) if conn_id else url

    def __fspath__(self) -> str:
        return self.path if self.protocol in LOCAL_SCHEMES else str(self)

    def __repr__(self) -> str:
        return f"ObjectStoragePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectStoragePath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> Any:
        return _made, (self._plain_url, self.conn_id, self._options)

    def samestore(self, other: Any) -> bool:
        """Whether another path is in the same store, by the same connection."""
        return isinstance(other, ObjectStoragePath) and (self.protocol or "file", self.conn_id) == (
            other.protocol or "file",
            other.conn_id,
        )

    def samefile(self, other_path: Any) -> bool:
        """Whether another path is the same object."""
        other = ObjectStoragePath(other_path)
        return self.samestore(other) and self.path == other.path

    def stat(self, *, follow_symlinks: bool = True) -> Any:
        """Return what the store knows of the object, with `st_size` and `st_mtime`."""
        return self.__wrapped__.stat(follow_symlinks=follow_symlinks)

    def size(self) -> int:
        """Return the size in bytes."""
        return int(self.fs.size(self.path))

    def ukey(self) -> str:
        """Return a text that changes when the object does."""
        return str(self.fs.ukey(self.path))

    def checksum(self) -> int:
        """Return a number that changes when the object does."""
        return int(self.fs.checksum(self.path))

    def read_block(self, offset: int, length: int, delimiter: bytes | None = None) -> bytes:
        """Return a part of the object, from one delimiter to another if one is given."""
        return bytes(self.fs.read_block(self.path, offset, length, delimiter=delimiter))

    def sign(self, expiration: int = 100, **kwargs: Any) -> str:
        """Return a URL by which anyone may read the object for `expiration` seconds."""
        return str(self.fs.sign(self.path, expiration=expiration, **kwargs))

    def copy(self, dst: Any, recursive: bool = False, **kwargs: Any) -> Self:  # type: ignore[override] # noqa: FBT001, FBT002 - Airflow's signature
        """Copy a file, or with `recursive` all below a folder; into `dst` when that is a folder. Return the copy."""
        target = self._target(dst)
        if self.is_dir():
            if not recursive:
                raise IsADirectoryError(f"`{self}` is a folder; give `recursive=True` to copy what is in it")
            for found in self.fs.find(self.path):
                below = found.removeprefix(self.path).lstrip("/")
                (self / below)._copy_file(target / below)  # noqa: SLF001 - its own kind
            return target
        if not self.exists():
            raise FileNotFoundError(str(self))
        if target.is_dir():
            target /= self.name
        self._copy_file(target, **kwargs)
        return target

    def copy_into(self, target_dir: Any, recursive: bool = False, **kwargs: Any) -> Self:  # noqa: FBT001, FBT002 - Airflow's signature
        """Copy into a folder, by the own name. Return the copy."""
        return self.copy(self._target(target_dir) / self.name, recursive, **kwargs)

    def move(self, path: Any, recursive: bool = False, **kwargs: Any) -> Self:  # type: ignore[override] # noqa: FBT001, FBT002 - Airflow's signature
        """Copy, then delete what was copied. Return the new path."""
        target = self.copy(path, recursive, **kwargs)
        self.fs.rm(self.path, recursive=recursive)
        return target

    def move_into(self, target_dir: Any, recursive: bool = False, **kwargs: Any) -> Self:  # noqa: FBT001, FBT002 - Airflow's signature
        """Move into a folder, by the own name. Return the new path."""
        return self.move(self._target(target_dir) / self.name, recursive, **kwargs)

    def replace(self, target: Any) -> Self:
        """Move over another object. Return the new path."""
        return self.move(target)

    def rename(self, target: Any, **kwargs: Any) -> Self:
        """Move. Return the new path."""
        return self.move(target, **kwargs)

    def serialize(self) -> dict[str, Any]:
        """Return what `deserialize` makes the path of."""
        return {"path": self._plain_url, "conn_id": self.conn_id, "kwargs": self._options}

    @classmethod
    def deserialize(cls, data: dict[str, Any], version: int) -> Self:
        """Return the path. Raises ValueError for data of a newer version."""
        if version > cls.__version__:
            raise ValueError(f"Cannot deserialize version {version} with version {cls.__version__}.")
        return cls(data["path"], conn_id=data.get("conn_id"), **data.get("kwargs", {}))

    def _target(self, given: Any) -> Self:
        return given if isinstance(given, type(self)) else type(self)(given)

    def _copy_file(self, target: Self, **kwargs: Any) -> None:
        if target.protocol in LOCAL_SCHEMES:
            target.parent.mkdir(parents=True, exist_ok=True)
        if self.samestore(target) and self.protocol not in LOCAL_SCHEMES:
            self.fs.cp_file(self.path, target.path, **kwargs)  # the bytes do not leave the store
            return
        with self.open("rb") as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _COPY_BYTES)


def _made(url: str, conn_id: str | None, options: Mapping[str, Any]) -> ObjectStoragePath:
    return ObjectStoragePath(url, conn_id=conn_id, **options)
