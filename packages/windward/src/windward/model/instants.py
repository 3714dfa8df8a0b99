"""Moments as messages carry them: never without their zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its zone. A message that has one without is refused where it is decoded, not met by what compares."""
