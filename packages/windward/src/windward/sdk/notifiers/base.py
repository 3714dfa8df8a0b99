"""`BaseNotifier`: a callback made of templated fields and a `notify`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from windward.sdk.logging_mixin import LoggingMixin
from windward.sdk.templating import Templater, render_template_fields


class BaseNotifier(LoggingMixin, Templater):
    """Tells people something. Subclasses name their `template_fields` and write `notify(context)`."""

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()
    dag: Any = None
    context: Mapping[str, Any] = MappingProxyType({})
    """What it is told with; of the class as well, for many a subclass does not call our `__init__`."""

    def __init__(self, context: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.context = context or {}

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
        """Render and tell. One argument is the context; several are those of `sla_miss_callback`.

        A subclass that writes `async_notify` only is told in an event loop of its own.
        """
        context: Any = args[0] if len(args) == 1 else _of_sla_miss(args)
        with self._rendered(context):
            if type(self).notify is not BaseNotifier.notify or not self.has_async_notify:
                self.notify(context)
                return
            import asyncio  # few notifiers need a loop

            asyncio.run(self.async_notify(context))

    def __await__(self) -> Generator[Any, None, None]:
        """Render and tell from an event loop, with the context that the notifier was made with."""
        return self.tell(self.context).__await__()

    async def tell(self, context: Any) -> None:
        """Render and tell from an event loop."""
        with self._rendered(context):
            await self.async_notify(context)

    @property
    def has_async_notify(self) -> bool:
        """Whether the subclass has a way of its own to tell from an event loop."""
        return type(self).async_notify is not BaseNotifier.async_notify

    @contextmanager
    def _rendered(self, context: Any) -> Iterator[None]:
        """Have the fields rendered, and known to their own templates by their names, for a block.

        A list of callbacks is shared by all attempts of a process: afterwards the fields are templates again.
        """
        fields = {name: getattr(self, name) for name in self.template_fields}
        before, self.context = self.context, context
        added = {name: value for name, value in fields.items() if name not in context}
        try:
            for name, value in added.items():
                context[name] = value
            self.render_template_fields(context)
            yield
        finally:
            self.context = before
            for name, value in fields.items():
                setattr(self, name, value)
            for name in added:
                context.pop(name, None)


def _of_sla_miss(args: tuple[Any, ...]) -> dict[str, Any]:
    names = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")
    return dict(zip(names, args, strict=False))
