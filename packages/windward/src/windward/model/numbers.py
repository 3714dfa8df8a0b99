"""Whole numbers as messages carry them: never greater than the column that they are stored in or compared with.

A number that is too great is refused where it is decoded. Databases differ in what they do with one: SQLite's driver
raises, PostgreSQL refuses the statement, MariaDB cuts it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

SMALL_MAX = 2**31 - 1
"""Greatest number of an `INTEGER` column."""
WIDE_MAX = 2**63 - 1
"""Greatest number of a `BIGINT` column."""

Small = Annotated[int, msgspec.Meta(ge=-SMALL_MAX, le=SMALL_MAX)]
"""A number of an `INTEGER` column: a map index, a try, a version, slots, a weight."""
NotNegative = Annotated[int, msgspec.Meta(ge=0, le=SMALL_MAX)]
"""How many, or after how many."""
Position = Annotated[int, msgspec.Meta(ge=0, le=WIDE_MAX)]
"""Where in a file, in bytes."""
Wide = Annotated[int, msgspec.Meta(ge=-WIDE_MAX, le=WIDE_MAX)]
"""A number of a `BIGINT` column: a key that the database counts, a length in bytes."""
