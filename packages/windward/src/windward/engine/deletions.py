"""Deleting files, one after the other, in the background: one that cannot be deleted keeps none from going."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from windward.errors import NotFoundError, UnavailableError, WindwardError
from windward.ports.retention import LogBin, ObjectBin


class Deleted(msgspec.Struct):
    """What became of objects that ought to go."""

    deleted: list[str] = msgspec.field(default_factory=list)
    foreign: list[str] = msgspec.field(default_factory=list)
    """Of another object store: nobody here can delete them."""
    stuck: list[str] = msgspec.field(default_factory=list)
    """It cannot be deleted now; the next one may be."""
    problem: str = ""
    """Why nothing can be deleted now; the rest was not tried."""


def delete_objects(objects: ObjectBin, locations: Sequence[str]) -> Deleted:
    """Delete objects as far as they can be."""
    done = Deleted()
    for location in locations:
        try:
            objects.delete(location)
        except NotFoundError:
            done.foreign.append(location)
        except UnavailableError as error:
            done.problem = f"`{location}` cannot be deleted: {error}"
            break
        except (WindwardError, OSError):
            done.stuck.append(location)
        else:
            done.deleted.append(location)
    return done


def delete_logs(logs: LogBin, folders: Sequence[str]) -> tuple[int, list[str]]:
    """Return how many logs went, and the folders that did not. Raises `UnavailableError` when nothing goes there now."""
    count = 0
    stuck: list[str] = []
    for folder in folders:
        try:
            count += logs.delete(folder)
        except UnavailableError:
            raise
        except (WindwardError, OSError):
            stuck.append(folder)
    return count, stuck
