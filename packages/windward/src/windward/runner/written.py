"""What an attempt that has succeeded has written: its outlets, and what it noted of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.protocol.outcomes import AssetWrite


def assets_written(operator: Any, context: Mapping[str, Any]) -> tuple[AssetWrite, ...]:
    """Return the assets that become events."""
    outlets = getattr(operator, "outlets", None)
    if not outlets:
        return ()
    from windward.sdk.asset_events import writes_of  # few tasks write assets

    return writes_of(outlets, context["outlet_events"])
