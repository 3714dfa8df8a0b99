"""The table of spare children: forked ahead of the next attempt of a file that is in use, so that it need not wait.

One per template. A spare that finds no work is let go after a while, or as soon as its template must make room.
"""

from __future__ import annotations

from windward.runner.held import Child
from windward.runner.linux import boot_clock
from windward.runner.pool import Phase, Template


class Spares:
    """Knows the spare child of each template, and which templates want one."""

    def __init__(self, *, keep_s: float) -> None:
        self._keep_s = keep_s
        self._spares: dict[Template, tuple[Child, float]] = {}
        self._wanted: set[Template] = set()

    def take(self, template: Template) -> Child | None:
        """Return the spare child of a template, if there is one; it is spare no more."""
        found = self._spares.pop(template, None)
        return None if found is None else found[0]

    def want(self, template: Template) -> None:
        """An attempt of this template's file was started: another may follow."""
        if self._keep_s > 0 and template not in self._spares:
            self._wanted.add(template)

    def wanted(self, *, is_idle_class: bool) -> list[Template]:
        """Return the templates of a class of work that shall make a spare child now, once."""
        if not self._wanted:
            return []
        asked = [template for template in self._wanted if template.key.is_idle_class == is_idle_class]
        self._wanted.difference_update(asked)
        return [template for template in asked if template.phase is Phase.READY and not template.is_bare]

    def add(self, child: Child) -> None:
        """Keep a child that was made for it."""
        self._spares[child.template] = (child, boot_clock())

    def unused(self, seconds: float | None = None) -> list[Child]:
        """Return the children that have been spare for so long, for longer than they are kept by default."""
        least = self._keep_s if seconds is None else seconds
        now = boot_clock()
        return [child for child, since in self._spares.values() if now - since >= least]

    def forget(self, child: Child) -> None:
        """The child is gone or on its way."""
        found = self._spares.get(child.template)
        if found is not None and found[0] is child:
            del self._spares[child.template]
