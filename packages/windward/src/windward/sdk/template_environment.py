"""The Jinja environments of DAGs, and what their errors mean to an author. Imported only when there is a template."""

from __future__ import annotations

import difflib
import re
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import jinja2.nativetypes
import jinja2.runtime
import jinja2.sandbox

from windward.errors import TemplateError
from windward.sdk.dates import ds, ds_nodash, ts, ts_nodash, ts_nodash_with_tz

FILTERS = {
    "ds": ds,
    "ds_nodash": ds_nodash,
    "ts": ts,
    "ts_nodash": ts_nodash,
    "ts_nodash_with_tz": ts_nodash_with_tz,
}
SUGGESTIONS_MAX = 3


class _ShownError(TemplateError):
    """A template error that is also one of Jinja's; told our way."""

    message: str = ""

    def __init__(self, message: str, *, hint: str) -> None:
        Exception.__init__(self, message)  # Jinja's own classes stand next in line and want other arguments
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}"


class UndefinedInTemplateError(_ShownError, jinja2.UndefinedError):
    """A template uses a name that the context does not have."""


class TemplateFileError(_ShownError, jinja2.TemplateNotFound):  # type: ignore[misc]  # both call it `message`
    """A template names a file that is not on the search path."""

    def __init__(self, message: str, *, hint: str, name: str) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.templates = [name]


class TemplateTextError(_ShownError, jinja2.TemplateSyntaxError):
    """A template that Jinja cannot read."""

    def __init__(self, message: str, *, hint: str, lineno: int) -> None:
        super().__init__(message, hint=hint)
        self.lineno = lineno
        self.name = self.filename = self.source = None
        self.translated = False


class _Scope(Mapping[str, Any]):
    """The environment's globals and the task's context as one mapping that computes only what is asked for."""

    __slots__ = ("_context", "_globals")

    def __init__(self, context: Mapping[str, Any], globals_: Mapping[str, Any]) -> None:
        self._context = context
        self._globals = globals_

    def __getitem__(self, key: str) -> Any:
        return self._context[key] if key in self._context else self._globals[key]

    def __contains__(self, key: object) -> bool:
        return key in self._context or key in self._globals

    def __iter__(self) -> Iterator[str]:
        yield from self._globals
        yield from (key for key in self._context if key not in self._globals)

    def __len__(self) -> int:
        return len(set(self._globals) | set(self._context))

    def copy(self) -> dict[str, Any]:
        """Return nothing: Jinja asks for a copy only to show variables in the frames of a traceback."""
        return {}


class _LazyContext(jinja2.runtime.Context):
    """Jinja's context over a `_Scope`: `{% include %}` and imports get the scope, not a copy of all values."""

    def get_all(self) -> Any:
        """Return everything that a template may name."""
        return _Scope(self.vars, self.parent) if self.vars else self.parent


class _Private(jinja2.sandbox.SandboxedEnvironment):
    """The sandbox of Airflow's templates: `_private` names are allowed, Python's internals are not."""

    context_class = _LazyContext

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read the attribute."""
        del value
        return not jinja2.sandbox.is_internal_attribute(obj, attr)


class _Native(_Private, jinja2.nativetypes.NativeEnvironment):
    """The same, with Python objects as results instead of texts."""


_environments: dict[tuple[int, bool], jinja2.Environment] = {}


def environment_of(dag: Any, *, native: bool) -> jinja2.Environment:
    """Return the environment of a DAG, made once; of no DAG, an empty one."""
    key = (id(dag), native)
    found = _environments.get(key)
    if found is None:
        found = _environments[key] = make_environment(dag, native=native)
        if dag is not None:
            weakref.finalize(dag, _environments.pop, key, None)
    return found


def make_environment(dag: Any, *, native: bool) -> jinja2.Environment:
    """Return a new environment with a DAG's search path, macros, filters and options."""
    kind = _Native if native else _Private
    options: dict[str, Any] = {
        "undefined": jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
    }
    if dag is None:
        env = kind(**options)
        env.filters.update(FILTERS)
        return env
    options["loader"] = jinja2.FileSystemLoader(search_path(dag))
    options["undefined"] = getattr(dag, "template_undefined", None) or jinja2.StrictUndefined
    options.update(getattr(dag, "jinja_environment_kwargs", None) or {})
    env = kind(**options)
    env.filters.update(FILTERS)
    env.globals.update(getattr(dag, "user_defined_macros", None) or {})
    env.filters.update(getattr(dag, "user_defined_filters", None) or {})
    return env


def search_path(dag: Any) -> list[str]:
    """Return the folders that template files are looked for in: the DAG file's own, then `template_searchpath`."""
    own = str(Path(dag.fileloc).parent) if getattr(dag, "fileloc", None) else None
    more = getattr(dag, "template_searchpath", None) or ()
    return [*([own] if own else []), *([more] if isinstance(more, str) else map(str, more))]


def render(
    env: jinja2.Environment, text: str, context: Mapping[str, Any], *, is_file: bool, task: Any, field: str
) -> Any:
    """Return what a template, or the template file that `text` names, renders to. Raises `TemplateError`."""
    try:
        template = env.get_template(text) if is_file else env.from_string(text)
        scope: Any = _Scope(context, template.globals)
        jinja_context = env.context_class(env, scope, template.name, template.blocks)
        try:
            return env.concat(template.root_render_func(jinja_context))
        except Exception:  # noqa: BLE001 - rewrites the traceback to the template's lines and raises
            env.handle_exception()
    except TemplateError:
        raise
    except jinja2.TemplateNotFound as error:
        raise _file_missing(error, env, text, _place(task, field), is_file=is_file) from error
    except jinja2.UndefinedError as error:
        raise _undefined(error, context, env, _place(task, field)) from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateTextError(
            f"{_place(task, field)} has a template that cannot be read: {error.message} (line {error.lineno})",
            hint="Text that is not meant as a template goes between `{% raw %}` and `{% endraw %}`, or in `literal()`.",
            lineno=error.lineno,
        ) from error


def _place(task: Any, field: str) -> str:
    task_id = getattr(task, "task_id", None)
    owner = f"task `{task_id}`" if task_id else f"`{type(task).__name__}`"
    return f"field `{field}` of {owner}" if field else f"a template of {owner}"


def _undefined(
    error: jinja2.UndefinedError, context: Mapping[str, Any], env: jinja2.Environment, place: str
) -> TemplateError:
    message = str(error.message or error)
    found = re.fullmatch(r"'(\w+)' is undefined", message)
    if found is None:
        return UndefinedInTemplateError(
            f"{place} uses something that is not there: {message}",
            hint="Give it a default, `{{ value | default('…') }}`, or guard it by `{% if value is defined %}`.",
        )
    name = found.group(1)
    explained = getattr(context, "explain_missing", None)
    reason = explained(name) if explained is not None else None
    if reason is not None:
        return UndefinedInTemplateError(
            f"{place} uses `{name}`, which is undefined: {reason[0]}", hint=reason[1]
        )
    names = [key for key in _Scope(context, env.globals) if isinstance(key, str)]
    near = difflib.get_close_matches(name, names, n=SUGGESTIONS_MAX, cutoff=0.6)
    hint = (
        f"Did you mean {_or(near)}?"
        if near
        else "Names come from the context, `params`, and the DAG's `user_defined_macros`."
    )
    return UndefinedInTemplateError(f"{place} uses `{name}`, which is undefined", hint=hint)


def _or(names: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _file_missing(
    error: jinja2.TemplateNotFound, env: jinja2.Environment, text: str, place: str, *, is_file: bool
) -> TemplateError:
    path = getattr(env.loader, "searchpath", None)
    looked = ", ".join(f"`{folder}`" for folder in path) if path else "no folder (the task has no DAG)"
    name = str(error.name)
    hint = "Put the file there, or add its folder to the DAG's `template_searchpath`."
    if is_file and name == text:
        extension = Path(text).suffix
        hint = (
            f"A value that ends in `{extension}` names a template file, relative to these folders. Put the file there or "
            "add its folder to the DAG's `template_searchpath`. For a value that is not a file, add a space at its "
            "end or use `literal()`."
        )
    return TemplateFileError(
        f"{place} names the template file `{name}`, which is not in {looked}", hint=hint, name=name
    )
