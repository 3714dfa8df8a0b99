"""What code may not reach for where it stands: the clock, dice and logs in decisions; f-strings in log calls."""

import ast
from collections.abc import Iterator

from tests.tidy.tree import PRODUCT, Module

PURE_PACKAGES = ("model", "timetable", "core")
CLOCKLESS_PACKAGES = (*PURE_PACKAGES, "engine")
# A decision is a function of its arguments: no clock, no dice, no I/O, no logging.
PURE_BANS = frozenset(
    {
        "asyncio",
        "logging",
        "multiprocessing",
        "os",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "threading",
        "time",
    }
)
# The engine has effects, but time and chance come to it through ports, or the simulator could not replay it.
CLOCKLESS_BANS = frozenset({"random", "secrets", "time"})
CLOCK_READS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4"})
LOG_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


def problems(module: Module) -> list[str]:
    """Return what `module` reaches for that it may not, one sentence each."""
    found = [
        f"{module.path}:{line}: the message of a log call is put together" for line in _composed_logs(module)
    ]
    package = module.path.removeprefix(PRODUCT).split("/")[0] if module.path.startswith(PRODUCT) else ""
    if package in CLOCKLESS_PACKAGES:
        bans = PURE_BANS if package in PURE_PACKAGES else CLOCKLESS_BANS
        found += [
            f"{module.path}:{line}: `{package}` may not import `{name}`"
            for line, name in imports(module)
            if name.split(".")[0] in bans
        ]
        found += [
            f"{module.path}:{line}: `{package}` reads the clock or throws dice"
            for line in _clock_reads(module)
        ]
    return found


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the dotted name of everything that `module` imports by an absolute name."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def _clock_reads(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READS and _root(node.value) in _CLOCKS:
            yield node.lineno


_CLOCKS = frozenset({"datetime", "date", "dt", "uuid", "pendulum", "DateTime"})


def _composed_logs(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            is_log = node.func.attr in LOG_LEVELS and _root(node.func.value).strip("_").lower() in _LOGGERS
            if is_log and _is_composed(node.args[0]):
                yield node.lineno


_LOGGERS = frozenset({"log", "logger", "logging", "getlogger", "get_logger"})


def _is_composed(message: ast.expr) -> bool:
    match message:
        case ast.JoinedStr() | ast.BinOp():
            return True
        case ast.Call(func=ast.Attribute(attr="format")):
            return True
    return False


def _root(node: ast.expr) -> str:
    """Return the last name before the attribute: `log` for `self.log` and for `log`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return _root(func)
    return ""
