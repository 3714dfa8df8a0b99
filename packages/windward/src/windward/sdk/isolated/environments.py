"""Virtual environments for tasks: made by uv where it is installed, else by `venv` and pip; kept by their content.

What may not live here: what runs in them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from windward.sdk.exceptions import AirflowException
from windward.sdk.subprocess_hook import SubprocessHook

_COMPLETE = "windward-environment.json"
"""Written last: an environment without it was not finished, and is made anew."""
_KEY_CHARACTERS = 16
_ASK_S_MAX = 60.0


@dataclass(frozen=True, kw_only=True)
class EnvironmentSpec:
    """All that an environment is made from. Equal ones are the same environment."""

    requirements: tuple[str, ...]
    """Lines of a requirements file."""
    python: str | None = None
    """A version such as `3.12`; None is this interpreter's."""
    system_site_packages: bool = True
    """Whether the packages of the environment that Windward runs in are seen too."""
    install_options: tuple[str, ...] = ()
    index_urls: tuple[str, ...] | None = None
    """None: as the installer is configured. Empty: none at all."""

    @property
    def key(self) -> str:
        """Return a name for the content."""
        text = json.dumps([asdict(self), sys.version_info[:3], sys.prefix], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_KEY_CHARACTERS]

    @property
    def is_this_python(self) -> bool:
        """Whether the environment has the same minor version as this interpreter."""
        return self.python is None or self.python.split(".")[:2] == [str(n) for n in sys.version_info[:2]]


@contextmanager
def kept_environment(spec: EnvironmentSpec, folder: Path, hook: SubprocessHook) -> Iterator[Path]:
    """Give the interpreter of the environment kept in `folder`; the first who asks makes it, others wait for that."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"venv-{spec.key}"
    with (folder / f"venv-{spec.key}.lock").open("a") as lock:
        # The lock is the kernel's: one who dies while building leaves no lock behind.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / _COMPLETE).exists():
            hook.log.info("Re-using cached Python virtual environment in %s", place)
        else:
            shutil.rmtree(place, ignore_errors=True)
            build(spec, place, hook, uv=find_uv())
            (place / _COMPLETE).write_text(json.dumps(asdict(spec) | {"index_urls": None}), "utf-8")
    yield place / "bin" / "python"


def find_uv() -> str | None:
    """Return the path of uv: the one on the PATH, or the one that is installed beside Windward."""
    beside = Path(sys.executable).with_name("uv")
    return shutil.which("uv") or (str(beside) if beside.exists() else None)


def build(spec: EnvironmentSpec, place: Path, hook: SubprocessHook, *, uv: str | None) -> Path:
    """Make the environment in `place` by `uv`, or by pip without; return its interpreter. Raises `AirflowException`."""
    hook.log.info("Creating virtual environment in %s by %s", place, "uv" if uv else "venv and pip")
    python = place / "bin" / "python"
    _run(_creation(spec, place, uv), hook, env=_install_env(spec, has_uv=uv is not None))
    if spec.system_site_packages and spec.is_this_python:
        _see_own_packages(python)
    if spec.requirements:
        file = place / "requirements.txt"
        file.write_text("\n".join(spec.requirements) + "\n", "utf-8")
        install = (
            [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
        )
        _run(
            [*install, *spec.install_options, "-r", str(file)],
            hook,
            env=_install_env(spec, has_uv=uv is not None),
        )
    return python


def _creation(spec: EnvironmentSpec, place: Path, uv: str | None) -> list[str]:
    flags = ["--system-site-packages"] if spec.system_site_packages else []
    if uv is not None:
        wanted = sys.executable if spec.python is None else spec.python
        return [uv, "venv", "--no-project", "--allow-existing", "--python", wanted, *flags, str(place)]
    # Installing pip takes longer than all the rest.
    without = [] if spec.requirements else ["--without-pip"]
    return [_interpreter(spec), "-m", "venv", *without, *flags, str(place)]


def _interpreter(spec: EnvironmentSpec) -> str:
    if spec.is_this_python:
        return sys.executable
    found = shutil.which(f"python{spec.python}")
    if found is None:
        raise AirflowException(
            f"there is no `python{spec.python}` on the PATH of the worker\n\nhint: Install it, or install `uv`, which "
            "fetches interpreters; or leave `python_version` out."
        )
    return found


def _see_own_packages(python: Path) -> None:
    """Let the environment see the packages of ours, which `--system-site-packages` leaves out when ours is one too."""
    if sys.prefix == sys.base_prefix:
        return
    ours = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = python.parent.parent / "lib" / version / "site-packages"
    # `addsitedir` also reads the `.pth` files there, by which packages are installed for development.
    lines = [f"import site; site.addsitedir({path!r})" for path in ours]
    (target / "windward_packages.pth").write_text("\n".join(lines) + "\n", "utf-8")


def _install_env(spec: EnvironmentSpec, *, has_uv: bool) -> dict[str, str]:
    """Return the environment of the installer. Indexes go there, not into its arguments, which everybody may read."""
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    if spec.index_urls is None:
        return env | (_pip_configuration() if has_uv else {})
    first, *more = spec.index_urls or ("",)
    if not first:
        return env | {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    extra = " ".join(more)
    return env | {
        "PIP_INDEX_URL": first,
        "PIP_EXTRA_INDEX_URL": extra,
        "UV_DEFAULT_INDEX": first,
        "UV_INDEX": extra,
    }


def _pip_configuration() -> dict[str, str]:
    """Return what uv has to be told of pip's configuration, which it does not read itself."""
    if os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL"):
        return {}
    url = os.environ.get("PIP_INDEX_URL") or _ask_pip("global.index-url")
    if not url:
        return {}
    certificates = os.environ.get("PIP_CERT") or _ask_pip("global.cert")
    told = {"UV_DEFAULT_INDEX": url}
    if certificates and "SSL_CERT_FILE" not in os.environ:
        told["SSL_CERT_FILE"] = certificates
    return told


def _ask_pip(name: str) -> str:
    command = [sys.executable, "-m", "pip", "config", "get", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ASK_S_MAX)
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(command: Sequence[str], hook: SubprocessHook, *, env: Mapping[str, str]) -> None:
    ended = hook.run_command(command, env=env)
    if ended.exit_code != 0:
        raise AirflowException(
            f"the virtual environment cannot be made: `{' '.join(command[:4])} …` ended with exit code "
            f"{ended.exit_code}: {ended.output}\n\nhint: The log above says why; check the requirements and the index."
        )
