"""What people see beside an instance: the name that it has among its siblings, and links.

Both are made by user code, which may fail in any way; that costs no task its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from windward.core.links import link_key
from windward.logs.writer import LogWriter
from windward.runner.alarms import alarm
from windward.sdk import xcom
from windward.sdk.extra_links import links_of
from windward.sdk.templating import render_template

LABEL_CHARACTERS_MAX = 250
LINK_CHARACTERS_MAX = 4000
LINKS_MAX = 20
LINK_S_MAX = 10.0
"""Seconds that a link may take to be made: the end of the task waits for it."""


def map_label(operator: Any, context: Any, log: LogWriter) -> str | None:
    """Return what people call this instance of a mapped task, or None."""
    template = getattr(operator, "map_index_template", None)
    if not template or context.get("ti") is None or context["ti"].map_index < 0:
        return None
    try:
        label = str(render_template(operator, template, context))
    except Exception as error:  # noqa: BLE001 - templates run user code, which may raise anything
        log.failure("map_index_template could not be rendered", error)
        return None
    return label[:LABEL_CHARACTERS_MAX]


class LinkTimeout(Exception):
    """A link takes too long."""


def _too_late(seconds: float) -> Callable[[], None]:
    def ring() -> None:
        raise LinkTimeout(f"it takes longer than {seconds:g} s")

    return ring


def keep_links(operator: Any, context: Any, log: LogWriter, *, limit_s: float = 0.0) -> None:
    """Store the operator's links as XComs, where the API finds them; one that is empty is not stored.

    `limit_s`: seconds that each may take; 0 where signals are not ours.
    """
    links = links_of(operator)
    if not links or context.get("ti") is None:
        return
    ti = context["ti"]
    for link in links[:LINKS_MAX]:
        try:
            with alarm(limit_s, _too_late(limit_s)):
                address = link.get_link(operator, ti_key=ti.key)
            if address and len(str(address)) <= LINK_CHARACTERS_MAX:
                xcom.push(link_key(link), str(address), place=ti.place)
        except Exception as error:  # noqa: BLE001 - links are user code, which may raise anything
            log.failure("a link could not be made", error, link=str(getattr(link, "name", link)))
