"""Operators that call a function in another interpreter: a virtual environment made for it, or one that exists.

What may not live here: how environments are made and functions are called there (`windward.sdk.isolated`).
"""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from windward.sdk.context import Context
from windward.sdk.exceptions import AirflowException, AirflowSkipException
from windward.sdk.isolated.call import SERIALIZERS, Request, call_elsewhere, check_function, outer_names
from windward.sdk.isolated.values import Receiver, sendable
from windward.sdk.operators.python import PythonOperator
from windward.sdk.skip import BaseBranchOperator
from windward.sdk.subprocess_hook import SubprocessHook

_PYTHON_FIELDS = tuple(PythonOperator.template_fields)


class OtherPythonOperator(PythonOperator):
    """What operators with an interpreter of their own have in common; subclasses run `_call_in` with one.

    The function is sent as source, so it has to import and define inside whatever it uses. It gets `op_args`, `op_kwargs`
    and those values of the context that can be sent; `string_args` are there as `virtualenv_string_args`.
    """

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        serializer: str | None = None,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        string_args: Iterable[str] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: list[str] | None = None,
        expect_airflow: bool = True,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: dict[str, str] | None = None,
        inherit_env: bool = True,
        use_airflow_context: bool = False,
        use_dill: bool | None = None,
        **kwargs: Any,
    ) -> None:
        check_function(python_callable, what=type(self).__name__)
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            templates_dict=templates_dict,
            templates_exts=templates_exts,
            **kwargs,
        )
        serializer = serializer or ("dill" if use_dill else "pickle")
        if serializer not in SERIALIZERS:
            raise AirflowException(
                f"Unsupported serializer '{serializer}'. Expected one of {', '.join(map(repr, SERIALIZERS))}"
            )
        self.serializer = serializer
        self.string_args = list(string_args or ())
        self.expect_airflow = expect_airflow
        self.skip_on_exit_code = _exit_codes(skip_on_exit_code)
        self.env_vars = env_vars
        self.inherit_env = inherit_env
        self.use_airflow_context = use_airflow_context
        self._context: Mapping[str, Any] = {}
        _warn_of_outer_names(python_callable)

    @cached_property
    def _hook(self) -> SubprocessHook:
        return SubprocessHook()

    def _sees_pendulum(self) -> bool:
        """Whether the other interpreter can read Pendulum's dates."""
        raise NotImplementedError

    def _sees_airflow(self) -> bool:
        """Whether the other interpreter can read values of Windward's own classes."""
        raise NotImplementedError

    def _receiver(self) -> Receiver:
        return Receiver(
            serializer=self.serializer, has_pendulum=self._sees_pendulum, has_windward=self._sees_airflow
        )

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the keyword arguments of the call: of the context's values, only those that can be sent."""
        if self.use_airflow_context:
            values = context.as_kwargs() if isinstance(context, Context) else dict(context)
            self._context = sendable(values, self._receiver())
        asked = super().determine_kwargs(context)
        own = {*self.op_kwargs, *(("templates_dict",) if self.templates_dict is not None else ())}
        sent = sendable({key: value for key, value in asked.items() if key not in own}, self._receiver())
        self._check_nothing_is_missing(asked, {*own, *sent})
        return {key: sent.get(key, value) for key, value in asked.items() if key in own or key in sent}

    def _check_nothing_is_missing(self, asked: Mapping[str, Any], sent: Collection[str]) -> None:
        parameters = inspect.signature(self.python_callable).parameters.values()
        missing = [
            p.name for p in parameters if p.name in asked and p.name not in sent and p.default is p.empty
        ]
        if missing:
            raise AirflowException(
                f"`{self.python_callable.__name__}` asks for {', '.join(f'`{name}`' for name in missing)}, which cannot be "
                "sent to its interpreter\n\nhint: Texts, numbers and dates of the context can; pass what it needs of the "
                "rest by `op_kwargs`, as a template."
            )

    def _call_in(self, python: str) -> Any:
        env = {**(os.environ if self.inherit_env else {}), **(self.env_vars or {})}
        request = Request(
            function=self.python_callable,
            args=self.op_args,
            kwargs=self.op_kwargs,
            serializer=self.serializer,
            string_args=self.string_args,
            context=dict(self._context) if self.use_airflow_context else None,
            skip_on_exit_code=self.skip_on_exit_code,
        )
        with tempfile.TemporaryDirectory(prefix="windward-call-") as folder:
            result = call_elsewhere(python, request, folder=Path(folder), hook=self._hook, env=env)
        if 0 in self.skip_on_exit_code:
            raise AirflowSkipException("Process exited with code 0. Skipping.")
        return result

    def on_kill(self) -> None:
        """Stop the other interpreter and what it started."""
        self._hook.send_sigterm()


class PythonVirtualenvOperator(OtherPythonOperator):
    """Call a function in a virtual environment that is made for it.

    `requirements` is a list, the text of a requirements file, or the path of one that ends in `.txt` (a template).
    With `venv_cache_path` the environment is kept there and used again by every task that asks for the same content;
    without, it is made anew and deleted. `system_site_packages` lets it see the packages that Windward runs with.
    """

    template_fields: Sequence[str] = (
        "requirements",
        "index_urls",
        "index_urls_from_connection_ids",
        "venv_cache_path",
        *_PYTHON_FIELDS,
    )
    template_ext: Sequence[str] = (".txt",)

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        requirements: str | Iterable[str] | None = None,
        python_version: str | float | None = None,
        system_site_packages: bool = True,
        pip_install_options: list[str] | None = None,
        index_urls: Collection[str] | str | None = None,
        index_urls_from_connection_ids: Collection[str] | str | None = None,
        venv_cache_path: os.PathLike[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(python_callable=python_callable, **kwargs)
        self.requirements: Any = [requirements] if isinstance(requirements, str) else list(requirements or ())
        self.python_version = None if python_version is None else str(python_version)
        self.system_site_packages = system_site_packages
        self.pip_install_options = list(pip_install_options or ())
        self.index_urls: Any = [index_urls] if isinstance(index_urls, str) else index_urls
        ids = index_urls_from_connection_ids
        self.index_urls_from_connection_ids: Any = [ids] if isinstance(ids, str) else ids
        self.venv_cache_path = os.fspath(venv_cache_path) if venv_cache_path else None

    def execute_callable(self) -> Any:
        """Call the function in its environment, which is made first where need be."""
        from windward.sdk.isolated.environments import build, find_uv, kept_environment

        spec = self._spec()
        if self.venv_cache_path:
            with kept_environment(spec, Path(self.venv_cache_path).expanduser(), self._hook) as python:
                return self._call_in(str(python))
        with tempfile.TemporaryDirectory(prefix="windward-venv-") as folder:
            return self._call_in(str(build(spec, Path(folder) / "venv", self._hook, uv=find_uv())))

    def _spec(self) -> Any:
        from windward.sdk.isolated.environments import EnvironmentSpec

        return EnvironmentSpec(
            requirements=tuple(self._requirement_lines()),
            python=self.python_version,
            system_site_packages=self.system_site_packages,
            install_options=tuple(self.pip_install_options),
            index_urls=self._indexes(),
        )

    def _requirement_lines(self) -> list[str]:
        lines = [
            line.strip() for text in self.requirements for line in str(text).splitlines() if line.strip()
        ]
        names = {_project(line) for line in lines}
        is_seen = self.system_site_packages and self._spec_is_this_python()
        if self.serializer != "pickle" and not is_seen and self.serializer not in names:
            lines.append(self.serializer)
        return lines

    def _spec_is_this_python(self) -> bool:
        from windward.sdk.isolated.environments import EnvironmentSpec

        return EnvironmentSpec(requirements=(), python=self.python_version).is_this_python

    def _indexes(self) -> tuple[str, ...] | None:
        from windward.sdk.masking import mask_secret

        if self.index_urls is None and not self.index_urls_from_connection_ids:
            return None
        urls = list(self.index_urls or ())
        for conn_id in self.index_urls_from_connection_ids or ():
            from windward.sdk.isolated.package_index import PackageIndexHook

            urls.append(PackageIndexHook(conn_id).get_connection_url())
        for url in urls:
            password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
            if password:
                mask_secret(password)
        return tuple(urls)

    def _sees_pendulum(self) -> bool:
        return self._sees("pendulum")

    def _sees_airflow(self) -> bool:
        return self.expect_airflow and self._sees("apache-airflow", "windward", "windward-airflow")

    def _sees(self, *projects: str) -> bool:
        if self.system_site_packages and self._spec_is_this_python():
            return True
        return any(_project(line) in projects for line in self._requirement_lines())


class ExternalPythonOperator(OtherPythonOperator):
    """Call a function by the interpreter at the path `python`, of an environment that exists already."""

    template_fields: Sequence[str] = ("python", *_PYTHON_FIELDS)

    def __init__(
        self,
        *,
        python: str,
        python_callable: Callable[..., Any],
        expect_pendulum: bool = False,
        **kwargs: Any,
    ) -> None:
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        super().__init__(python_callable=python_callable, **kwargs)
        self.python = python
        self.expect_pendulum = expect_pendulum

    def execute_callable(self) -> Any:
        """Call the function by the interpreter."""
        path = Path(self.python)
        if not path.exists():
            raise ValueError(f"Python Path '{path}' must exists: it is not there on the worker")
        if not path.is_file() or not os.access(path, os.X_OK):
            raise ValueError(f"Python Path '{path}' must be a file that can be executed")
        return self._call_in(str(path))

    def _sees_pendulum(self) -> bool:
        return (self.expect_pendulum or self.expect_airflow) and self._can_import("pendulum")

    def _sees_airflow(self) -> bool:
        return self.expect_airflow and self._can_import("windward")

    def _can_import(self, name: str) -> bool:
        """Ask the interpreter whether it has a package."""
        import subprocess

        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
        try:
            done = subprocess.run([self.python, "-c", code], capture_output=True, check=False, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """Follow the task ids or group ids that the function returns, called in a virtual environment."""

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Return what the function returns."""
        chosen: str | Iterable[str] | None = PythonVirtualenvOperator.execute(self, context)
        return chosen


class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """Follow the task ids or group ids that the function returns, called by another interpreter."""

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Return what the function returns."""
        chosen: str | Iterable[str] | None = ExternalPythonOperator.execute(self, context)
        return chosen


def _exit_codes(given: int | Container[int] | None) -> Container[int]:
    if given is None:
        return ()
    return (given,) if isinstance(given, int) else given


def _project(line: str) -> str:
    """Return the normal name of the project that a requirement names."""
    import re

    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;@]", line, maxsplit=1)[0]).lower()


def _warn_of_outer_names(function: Callable[..., Any]) -> None:
    import warnings

    names = sorted(outer_names(function))
    if names:
        warnings.warn(
            f"`{function.__name__}` uses {', '.join(f'`{name}`' for name in names)} from outside of itself, which "
            "another interpreter does not have: import and define inside of it whatever it uses",
            UserWarning,
            stacklevel=4,
        )


__all__ = [
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
]
