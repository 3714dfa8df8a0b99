"""How a child imports a DAG file, and what it records of what the file depends on.

Modules of the DAG folder are compiled from the bytes that were hashed, never from a byte-code cache: a
cache cannot tell two saves within a second apart. Nothing here knows of DAGs.
"""

# Paths are texts here: thousands are looked at in each scan.
# ruff: noqa: PTH100, PTH112

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import os
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from io import BytesIO
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from windward.errors import DagImportError
from windward.processor.fingerprint import hash_bytes, is_text

Record = Callable[[str, str | None], None]
"""Takes a dependency and, when it is known, the hash of its content."""

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR


class RecordingLoader(SourceFileLoader):
    """Loads a module of the DAG folder from its source and records what it read."""

    def __init__(self, fullname: str, path: str, recorder: Recorder) -> None:
        super().__init__(fullname, path)
        self._recorder = recorder

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader protocol
        """Compile the source that was read and recorded."""
        with self._recorder.loading(self.path):
            data = self.get_data(self.path)
        self._recorder.read_module(self.path, data)
        code: CodeType = self.source_to_code(data, self.path)
        return code


class RecordingFinder(FileFinder):
    """Finds modules in one folder of the DAG folder, and records those that it does not find."""

    def __init__(self, path: str, recorder: Recorder) -> None:
        def load(fullname: str, module_path: str) -> RecordingLoader:
            return RecordingLoader(fullname, module_path, recorder)

        super().__init__(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (load, [".py"]))  # type: ignore[arg-type]
        self._recorder = recorder

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module, or record that it is not here."""
        spec = super().find_spec(fullname, target)
        if spec is None:
            self._recorder.missed_module(f"{self.path}/{fullname.rpartition('.')[2]}")
        return spec


class Recorder:
    """Knows which paths belong to the DAG folder, and passes on each dependency once."""

    def __init__(self, root: str, source: str, record: Record) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._source = source
        self._record = record
        self._known: set[str] = set()
        self._written: set[str] = set()
        self._loading: set[str] = set()

    def install(self) -> None:
        """Make the DAG folder importable, last of all places, and watch what is opened in it. For good."""
        root = self._prefix.rstrip("/")
        sys.path_hooks.insert(0, self._path_hook)
        for path in [path for path in sys.path_importer_cache if (path + "/").startswith(self._prefix)]:
            del sys.path_importer_cache[path]
        sys.path[:] = [path for path in sys.path if path != root]
        sys.path.append(root)
        sys.addaudithook(self._audit)

    @contextmanager
    def loading(self, path: str) -> Iterator[None]:
        """Leave to `read_module` what is opened here: it knows the content."""
        self._loading.add(path)
        try:
            yield
        finally:
            self._loading.discard(path)

    def read_module(self, path: str, data: bytes) -> None:
        """Record a module together with the bytes that are executed."""
        self._add(path, hash_bytes(data))

    def missed_module(self, path: str) -> None:
        """Record a module that the author's own code looks for in vain (libraries look for many)."""
        if _is_asked_for_in(self._prefix):
            self._add(f"{path}?", None)

    def note_modules(self) -> None:
        """Record modules that came from the DAG folder by another way than our finder."""
        for path, _ in modules_below(self._prefix):
            self._add(self._prefix + path, None)

    def _path_hook(self, path: str) -> RecordingFinder:
        if not (path + "/").startswith(self._prefix) or not os.path.isdir(path):
            raise ImportError(path)
        return RecordingFinder(path, self)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, (str, bytes)):
                self._opened(os.fsdecode(path), mode, flags)
        elif event in {"os.listdir", "os.scandir"} and not _is_importer(sys._getframe(1)):  # noqa: SLF001 - the way to the caller
            path = arguments[0]
            if isinstance(path, (str, bytes)):
                self._add(os.path.abspath(os.fsdecode(path)).rstrip("/") + "/", None)

    def _opened(self, path: str, mode: str | None, flags: int) -> None:
        path = os.path.abspath(path)
        if not path.startswith(self._prefix):
            return
        if (mode and any(letter in mode for letter in "wax+")) or (flags or 0) & _WRITE_FLAGS:
            self._written.add(path)  # What a file writes itself is no input of it, or it would never rest.
        elif path not in self._written | self._loading and not os.path.isdir(path):
            self._add(path, None)

    def _add(self, path: str, content_hash: str | None) -> None:
        if not path.startswith(self._prefix):
            return
        relative = path[len(self._prefix) :]
        if relative == self._source or relative.startswith(self._source + "/") or "__pycache__" in relative:
            return
        if not is_text(relative):
            return  # Nobody could be told of it, and what the author does with it is no business of ours.
        if relative not in self._known or content_hash is not None:
            self._known.add(relative)
            self._record(relative, content_hash)


def compile_source(data: bytes, *, fileloc: str, path: str) -> CodeType:
    """Compile a DAG file; raise `DagImportError` with line and column if it is not in its encoding."""
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise DagImportError(
            f"`{fileloc}` is not {error.encoding.upper()}: byte 0x{data[error.start]:02X} at line {line}, "
            f"column {column}",
            hint="Save the file as UTF-8, or name its encoding in the first line: `# -*- coding: latin-1 -*-`.",
        ) from None
    except SyntaxError:
        pass  # The compiler says the same with the line.
    code: CodeType = compile(data, path, "exec", dont_inherit=True)
    return code


def module_name(fileloc: str) -> str:
    """Return the name of a DAG file as a module: unlike any name that it could be imported by."""
    stem = fileloc.rsplit("/", 1)[-1].removesuffix(".py").replace(".", "_").replace("-", "_")
    return f"windward_dag_{hashlib.sha256(fileloc.encode()).hexdigest()[:10]}_{stem}"


def new_module(fileloc: str, path: str) -> ModuleType:
    """Return an empty module for a DAG file, registered as imported (dataclasses and pickles look it up)."""
    module = ModuleType(module_name(fileloc))
    module.__file__ = path
    sys.modules[module.__name__] = module
    return module


def _is_importer(frame: FrameType) -> bool:
    """Whether this is Python looking for modules, or for packages along its path, and not the author for files."""
    return frame.f_code.co_filename.startswith(("<frozen importlib", _METADATA))


def _is_asked_for_in(prefix: str) -> bool:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the way to the caller
    while frame is not None and (_is_importer(frame) or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(prefix)


_METADATA = str(Path(importlib.metadata.__file__).parent)
_preloaded = 0


def forget_what_is_loaded() -> None:
    """Leave the modules that are loaded now out of `modules_below`: looking at each would copy its memory."""
    global _preloaded  # noqa: PLW0603 - a count of the process's own modules
    _preloaded = len(sys.modules)


def modules_below(root: str) -> Sequence[tuple[str, ModuleType]]:
    """Return (path relative to the DAG folder, module) of what was imported from it, the last one first."""
    prefix = root.rstrip("/") + "/"
    newest = itertools.islice(reversed(sys.modules.values()), max(0, len(sys.modules) - _preloaded))
    return [
        (path[len(prefix) :], module)
        for module in list(newest)
        if isinstance(path := getattr(module, "__file__", None), str) and path.startswith(prefix)
    ]
