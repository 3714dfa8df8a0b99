"""Read models of DAG files: what could not be read, and what their authors should look at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.document.warnings import DagWarningType
from windward.model.access import DagReach
from windward.ports.listings.page import Page, PageRequest, Pattern

_ID_BYTES = 6


def error_id(fileloc: str) -> int:
    """Return the number of a file's error: the same as long as the file has its path."""
    return int.from_bytes(hashlib.sha256(fileloc.encode("utf-8", "surrogateescape")).digest()[:_ID_BYTES])


class ErrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose last parse failed. `is_whole`: all of its DAGs are within the reader's reach."""

    fileloc: str
    error: str
    parsed_at: datetime | None
    is_whole: bool


class WarningRow(msgspec.Struct, frozen=True, kw_only=True):
    """A warning that the newest version of a DAG has."""

    dag_id: str
    display_name: str
    kind: DagWarningType
    message: str
    at: datetime


class FileListings(Protocol):
    """What the API shows of DAG files."""

    def errors(
        self,
        page: PageRequest,
        *,
        reach: DagReach,
        path: Pattern = Pattern(),  # noqa: B008 - frozen
        fileloc: str | None = None,
    ) -> Page[ErrorRow]:
        """Return files with errors of which the reader may see a DAG; all, with all DAGs within reach.

        They are in the order of their paths unless `page` says otherwise.
        """

    def error_paths(self) -> Sequence[str]:
        """Return the paths of all files with errors."""

    def warnings(
        self,
        page: PageRequest,
        *,
        reach: DagReach,
        dag_id: str | None = None,
        kind: DagWarningType | None = None,
    ) -> Page[WarningRow]:
        """Return warnings of active DAGs, by DAG unless `page` says otherwise."""

    def dags_of(self, fileloc: str) -> Sequence[str]:
        """Return the DAGs that a file has or had, sorted."""
