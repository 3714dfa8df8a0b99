"""`AirflowPlugin`: the class that files of the plugins folder derive from.

What a plugin lists is imported by those who use it, from the plugins folder or an installed package: timetables are
given to `schedule=` as objects, and need not be registered. The lists are kept, so that such files import as they are.
"""

from __future__ import annotations

from typing import Any, ClassVar


class AirflowPlugin:
    """A plugin: lists of what a file of the plugins folder offers."""

    name: ClassVar[str | None] = None
    source: ClassVar[Any] = None
    macros: ClassVar[list[Any]] = []
    timetables: ClassVar[list[Any]] = []
    deadline_references: ClassVar[list[Any]] = []
    listeners: ClassVar[list[Any]] = []
    operator_extra_links: ClassVar[list[Any]] = []
    global_operator_extra_links: ClassVar[list[Any]] = []
    priority_weight_strategies: ClassVar[list[Any]] = []
    hook_lineage_readers: ClassVar[list[Any]] = []
    admin_views: ClassVar[list[Any]] = []
    flask_blueprints: ClassVar[list[Any]] = []
    menu_links: ClassVar[list[Any]] = []
    appbuilder_views: ClassVar[list[Any]] = []
    appbuilder_menu_items: ClassVar[list[Any]] = []
    fastapi_apps: ClassVar[list[Any]] = []
    fastapi_root_middlewares: ClassVar[list[Any]] = []
    external_views: ClassVar[list[Any]] = []
    react_apps: ClassVar[list[Any]] = []

    @classmethod
    def validate(cls) -> None:
        """Raise when the plugin has no name."""
        if not cls.name:
            raise ValueError("Your plugin needs a name.")

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""
