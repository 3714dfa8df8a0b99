"""`BaseNotifier`: a callback made of templated fields and a `notify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windward.sdk.logging_mixin import LoggingMixin
from windward.sdk.templating import Templater, render_template_fields


class BaseNotifier(LoggingMixin, Templater):
    """Tells people something. Subclasses name their `template_fields` and write `notify(context)`."""

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()
    dag: Any = None

    def __init__(self, context: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.context: Mapping[str, Any] = context or {}

    def render_template_fields(self, context: Mapping[str, Any], jinja_env: Any = None) -> None:
        """Replace the template fields by what they render to, with the macros and files of the run's DAG."""
        self.dag = context.get("dag")
        render_template_fields(self, context, jinja_env)

    def notify(self, context: Any) -> None:
        """Tell it. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} has no `notify`")

    async def async_notify(self, context: Any) -> None:
        """Tell it from an event loop; as `notify` unless a subclass has a way of its own."""
        self.notify(context)

    def __call__(self, *args: Any) -> None:
        """Render and tell. One argument is the context; several are those of `sla_miss_callback`."""
        context: Any = args[0] if len(args) == 1 else _of_sla_miss(args)
        # A list of callbacks is shared by all attempts of a process: the fields keep their templates.
        fields = {name: getattr(self, name) for name in self.template_fields}
        before = self.context
        self.context = context
        try:
            self.render_template_fields(context)
            self.notify(context)
        finally:
            self.context = before
            for name, value in fields.items():
                setattr(self, name, value)


def _of_sla_miss(args: tuple[Any, ...]) -> dict[str, Any]:
    names = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")
    return dict(zip(names, args, strict=False))
