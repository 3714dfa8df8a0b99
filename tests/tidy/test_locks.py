"""What gets installed is locked by hash, comes from no host by name, and stays small."""

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tidy import purity, tree

LOCKS = ("bootstrap", "base", "dev", "fuzz")
# The promise of the README: a base install is light.
BASE_DISTRIBUTIONS_MAX = 50
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}


def read_lock(name: str) -> str:
    """Return the text of one lock file."""
    return (tree.ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def locked(text: str) -> dict[str, tuple[Requirement, int]]:
    """Return each distribution of a lock file with the number of its hashes."""
    found: dict[str, tuple[Requirement, int]] = {}
    for entry in re.sub(r"\\\n\s*", "", text).splitlines():
        if entry and not entry.startswith((" ", "#", "-")):
            requirement, *hashes = entry.split("--hash=sha256:")
            parsed = Requirement(requirement)
            found[canonicalize_name(parsed.name)] = (parsed, len(hashes))
    return found


def loose_ends(text: str) -> Iterator[str]:
    """Yield what keeps a lock file from meaning one thing everywhere."""
    for name, (requirement, hashes) in locked(text).items():
        if not hashes:
            yield f"`{name}` has no hash"
        if not re.fullmatch(r"==[^*,]+", str(requirement.specifier)):
            yield f"`{name}` has no exact version"
        if requirement.url:
            yield f"`{name}` comes from `{requirement.url}`"
    for line in text.splitlines():
        if re.search(r"://|^\s*(-i|-f|--index|--extra-index|--find-links|--trusted-host)", line):
            yield f"names a host or an index: `{line.strip()}`"


@functools.cache
def project(name: str) -> dict[str, Any]:
    """Return the `project` table of one of the two packages."""
    text = (tree.ROOT / "packages" / name / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def declared() -> frozenset[str]:
    """Return the name of each distribution that `windward` asks for, extras included."""
    table = project("windward")
    asked = [
        *table["dependencies"],
        *(line for lines in table["optional-dependencies"].values() for line in lines),
    ]
    return frozenset(canonicalize_name(Requirement(line).name) for line in asked)


@pytest.mark.parametrize(
    "text",
    [
        "attrs==26.1.0\n",
        "attrs>=26.1.0 --hash=sha256:00\n",
        "attrs==26.* --hash=sha256:00\n",
        "--index-url https://example.org/simple\n",
        "attrs @ https://example.org/attrs.whl --hash=sha256:00\n",
    ],
)
def test_a_planted_loose_end_is_found(text: str) -> None:
    assert list(loose_ends(text))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_exact_versions_and_hashes_and_names_no_host(name: str) -> None:
    text = read_lock(name)
    assert locked(text)
    assert not list(loose_ends(text))


def test_the_base_install_is_light() -> None:
    entries = locked(read_lock("base")).values()
    installed = [entry.name for entry, _ in entries if entry.marker is None or entry.marker.evaluate(LINUX)]
    with_windward = len(installed) + 1
    assert with_windward <= BASE_DISTRIBUTIONS_MAX, tree.report(installed)


def test_the_locks_agree_on_every_version() -> None:
    base, dev, bootstrap = (locked(read_lock(name)) for name in ("base", "dev", "bootstrap"))
    pins = [(name, str(entry.specifier)) for lock in (base, bootstrap) for name, (entry, _) in lock.items()]
    assert [(name, str(dev[name][0].specifier)) for name, _ in pins] == pins


def test_the_locks_satisfy_what_the_packages_declare() -> None:
    dev, base = locked(read_lock("dev")), locked(read_lock("base"))
    table = project("windward")
    for lines, lock in (
        (table["dependencies"], base),
        *((lines, dev) for lines in table["optional-dependencies"].values()),
    ):
        for line in lines:
            asked = Requirement(line)
            entry, _ = lock[canonicalize_name(asked.name)]
            (version,) = (specifier.version for specifier in entry.specifier)
            assert asked.specifier.contains(version, prereleases=True), f"`{line}`: run `make lock`"


@functools.cache
def installed() -> Mapping[str, list[str]]:
    """Return the distributions of each top-level name: read once, because it opens every installed package."""
    return packages_distributions()


def undeclared_imports(module: tree.Module, known: frozenset[str]) -> list[str]:
    """Return the imports of `module` that come from nothing that is declared, and are not guarded."""
    distributions = installed()
    guarded = set(_guarded_lines(module.tree))
    found = []
    for line, name in purity.imports(module):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top in {"windward", "airflow"} or line in guarded:
            continue
        if not known.intersection(map(canonicalize_name, distributions.get(top, [top]))):
            found.append(f"{module.path}:{line}: `{top}` is not declared in packages/windward/pyproject.toml")
    return found


def _guarded_lines(module: ast.Module) -> Iterator[int]:
    """Yield the lines of imports that may fail: under `try ... except ImportError`, or for the type checker only."""
    for node in ast.walk(module):
        match node:
            case ast.Try(handlers=handlers) if any(
                handler.type is not None
                and "ImportError" in ast.unparse(handler.type).replace("ModuleNotFound", "Import")
                for handler in handlers
            ):
                yield from (line for part in node.body for line in _lines_of_imports(part))
            case ast.If(test=test) if "TYPE_CHECKING" in ast.unparse(test):
                yield from (line for part in node.body for line in _lines_of_imports(part))


def _lines_of_imports(node: ast.AST) -> Iterator[int]:
    return (part.lineno for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import pytest", 1),
        ("def f():\n    from pytest import raises", 1),
        ("import nowhere", 1),
        ("try:\n    import nowhere\nexcept ImportError:\n    nowhere = None", 0),
        ("if TYPE_CHECKING:\n    import nowhere", 0),
        ("import os\nimport yaml\nimport windward\nfrom . import pytest", 0),
    ],
)
def test_an_import_of_something_undeclared_is_found(text: str, count: int) -> None:
    assert len(undeclared_imports(tree.parse("a.py", text), declared())) == count


def test_the_product_imports_only_what_it_declares() -> None:
    found = [
        problem
        for module in tree.modules()
        if module.path.startswith(tree.PRODUCT)
        for problem in undeclared_imports(module, declared())
    ]
    assert not found, tree.report(found)
