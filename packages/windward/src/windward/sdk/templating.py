"""Jinja in task arguments: which values are rendered, with which environment, and what an error tells the author.

Text without `{{`, `{%` or `{#` never reaches Jinja, and Jinja is imported only when some text has one of them.
What may not live here: the values of the context (`context`).
"""

from __future__ import annotations

import ast
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windward.sdk.masking import redact
from windward.sdk.resolve import ResolveMixin

log = logging.getLogger(__name__)

MARKS = ("{{", "{%", "{#")
"""What makes a text a template."""


@dataclass(frozen=True)
class LiteralValue(ResolveMixin):
    """A value that is used as it is, whatever it looks like."""

    value: Any

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        """Refer to nothing."""
        return iter(())

    def resolve(self, context: Mapping[str, Any]) -> Any:  # noqa: ARG002 - the protocol's argument
        """Return the value."""
        return self.value


def literal(value: Any) -> LiteralValue:
    """Return a wrapper that keeps templating away from `value`."""
    return LiteralValue(value)


def render_template_fields(task: Any, context: Mapping[str, Any], jinja_env: Any = None) -> None:
    """Replace the template fields of a task (or notifier) by what they render to, in place.

    Raises `TemplateError` that names the task, the field and what is undefined. A process that runs a task twice
    renders a copy of it (`task.prepare_for_execution()`).
    """
    if has_values(task, task.template_fields):
        Rendering(task, context, jinja_env).fields_of(task, task.template_fields)


def has_values(task: Any, names: Iterable[str]) -> bool:
    """Whether any of these fields might be rendered; one that the task does not have counts, as an error to come."""
    for name in names:  # noqa: SIM110 - `any` of a generator is dearer, and every short task comes by here
        if not _is_void(getattr(task, name, MARKS)):
            return True
    return False


def _is_void(value: Any) -> bool:
    """Whether there is nothing to render; an object of the author's may not even have a truth value."""
    return value is None or value is False or (type(value) in _EMPTY and not value)


def render_template(task: Any, value: Any, context: Mapping[str, Any], *, jinja_env: Any = None) -> Any:
    """Return what one value of a task renders to."""
    return Rendering(task, context, jinja_env).render(value)


def resolve_template_files(task: Any) -> None:
    """Replace template fields that name a template file by the file's content, then call `prepare_template`."""
    extensions = tuple(getattr(task, "template_ext", ()))
    for field in task.template_fields if extensions else ():
        content = getattr(task, field, None)
        if isinstance(content, str) and content.endswith(extensions):
            setattr(task, field, _source(task, field, content))
        elif isinstance(content, list):
            content[:] = [
                _source(task, field, item) if isinstance(item, str) and item.endswith(extensions) else item
                for item in content
            ]
    task.prepare_template()


def _source(task: Any, field: str, name: str) -> str:
    env = environment_for(_dag_of(task), task)
    try:
        return str(env.loader.get_source(env, name)[0])
    except Exception as error:  # noqa: BLE001 - shown when the task runs and the file is really missing
        log.warning("template file not readable", extra={"field": field, "file": name, "error": str(error)})
        return name


def environment_for(dag: Any, task: Any = None) -> Any:
    """Return the Jinja environment of a DAG for one of its tasks; an empty one when there is no DAG."""
    from windward.sdk import template_environment as environments  # imports Jinja

    return environments.environment_of(dag, native=_is_native(task, dag))


def _dag_of(task: Any) -> Any:
    has_dag = getattr(task, "has_dag", None)
    return getattr(task, "dag", None) if has_dag is None or has_dag() else None


def _is_native(task: Any, dag: Any) -> bool:
    own = getattr(task, "render_template_as_native_obj", None)
    return bool(getattr(dag, "render_template_as_native_obj", False) if own is None else own)


def is_template(text: str) -> bool:
    """Whether a text has anything that Jinja would change."""
    return "{" in text and any(mark in text for mark in MARKS)


def has_templates(value: Any) -> bool:
    """Whether a text, or one inside of plain containers, is a template."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(has_templates(item) for item in value.values())
    return isinstance(value, list | tuple | set | frozenset) and any(has_templates(item) for item in value)


class Rendering:
    """The rendering of one task's fields: its context, its environment once needed, and what was seen already."""

    def __init__(self, task: Any, context: Mapping[str, Any], jinja_env: Any = None) -> None:
        self._task = task
        self._context = context
        self._env = jinja_env
        self._extensions = tuple(getattr(task, "template_ext", None) or ())
        # Data of other tasks is never a template: a mapped task's arguments hold it.
        self._seen: set[int] = set(getattr(task, "_resolved_ids", ()))
        self._field = ""
        dag = _dag_of(task)
        self._native = _is_native(task, dag)
        # An environment of the author's may have other marks and another idea of newlines.
        self._knows_marks = jinja_env is None and not getattr(dag, "jinja_environment_kwargs", None)

    @property
    def env(self) -> Any:
        """The environment, made when first needed."""
        if self._env is None:
            self._env = environment_for(_dag_of(self._task), self._task)
        return self._env

    def fields_of(self, owner: Any, names: Iterable[str]) -> None:
        """Render the named attributes of an object in place."""
        for name in names:
            try:
                value = getattr(owner, name)
            except AttributeError as error:
                raise AttributeError(
                    f"'{name}' is configured as a template field but {type(owner).__name__} does not have this attribute."
                ) from error
            if _is_void(value):
                continue
            before, self._field = self._field, f"{self._field}.{name}" if self._field else name
            try:
                rendered = (
                    value(context=self._context, jinja_env=self.env)
                    if _is_renderer(value)
                    else self.render(value)
                )
            except Exception:
                log.debug(
                    "template not rendered", extra={"field": self._field, "template": redact(repr(value))}
                )
                raise
            finally:
                self._field = before
            setattr(owner, name, rendered)

    def render(self, value: Any) -> Any:
        """Return a value with the templates inside it rendered and the references inside it resolved."""
        kind = type(value)
        if kind in _PLAIN or id(value) in self._seen:
            return value
        if isinstance(value, str):
            return self._render_text(value)
        if isinstance(value, ResolveMixin):
            return value.resolve(self._context)
        if kind is list or isinstance(value, list):
            return [self.render(item) for item in value]
        if kind is dict or isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        if kind is tuple:
            return tuple(self.render(item) for item in value)
        if isinstance(value, tuple):
            return kind(*(self.render(item) for item in value))
        if isinstance(value, set | frozenset):
            return type(value)(self.render(item) for item in value)
        resolve = getattr(value, "resolve", None)
        if (
            callable(resolve)
            and not isinstance(value, os.PathLike | type)
            and hasattr(value, "iter_references")
        ):
            return resolve(self._context)
        return self._render_object(value)

    def _render_object(self, value: Any) -> Any:
        """Render an object that says by `template_fields` which of its attributes are templates, in place."""
        self._seen.add(id(value))
        names = getattr(value, "template_fields", None)
        if isinstance(names, Collection) and not isinstance(value, type):
            self.fields_of(value, names)
        return value

    def _render_text(self, text: str) -> Any:
        is_file = bool(self._extensions) and text.endswith(self._extensions)
        if self._knows_marks and not is_file and not is_template(text):
            return self._plain_text(text)
        from windward.sdk import template_environment as environments  # imports Jinja

        return environments.render(
            self.env, text, self._context, is_file=is_file, task=self._task, field=self._field
        )

    def _plain_text(self, text: str) -> Any:
        """Do to a text without marks what Jinja would: one kind of newline, none at the end, native objects."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.removesuffix("\n")
        if not self._native:
            return text
        if not text:
            return None
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError):
            return text


_PLAIN = frozenset({int, float, bool, bytes, type(None)})
_EMPTY = frozenset({list, dict, tuple, set, str, int, float})


def _is_renderer(value: Any) -> bool:
    """Whether a field's value is a function that makes the value from the context, as Airflow allows."""
    return callable(value) and not isinstance(value, ResolveMixin) and not hasattr(value, "template_fields")


class Templater:
    """What an object with template fields can do: the part of operators and notifiers that renders."""

    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()

    def get_template_env(self, dag: Any = None) -> Any:
        """Return the Jinja environment of the DAG, or an empty one."""
        return environment_for(dag or _dag_of(self), self)

    def prepare_template(self) -> None:
        """Change the content of template files before they are rendered; for subclasses."""

    def resolve_template_files(self) -> None:
        """Replace fields that name a template file by its content."""
        resolve_template_files(self)

    def render_template(
        self,
        content: Any,
        context: Mapping[str, Any],
        jinja_env: Any = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Return what one value renders to."""
        del seen_oids  # Airflow's argument; what was seen is kept inside
        return render_template(self, content, context, jinja_env=jinja_env)

    def render_template_fields(self, context: Mapping[str, Any], jinja_env: Any = None) -> None:
        """Replace the template fields by what they render to."""
        render_template_fields(self, context, jinja_env=jinja_env)
