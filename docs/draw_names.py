"""Draws the page of Airflow's names from the tables of `windward-airflow`. Part of `draw.py`."""

from collections import Counter
from collections.abc import Iterator

from airflow import _tables
from airflow._tables import Kind, NamedModule

AREAS = {
    "sdk": "`airflow.sdk`",
    "models": "`airflow.models`",
    "operators": "`airflow.operators`",
    "sensors": "`airflow.sensors`",
    "hooks": "`airflow.hooks`",
    "timetables": "`airflow.timetables`",
    "utils": "`airflow.utils`",
    "contrib": "`airflow.contrib` of 1.10",
    "core": "the rest of `airflow`",
    "providers_standard": "`airflow.providers.standard`",
    "providers_common": "`airflow.providers.common`",
    "providers_http": "`airflow.providers.http`",
    "providers_mysql": "`airflow.providers.mysql`",
    "providers_postgres": "`airflow.providers.postgres`",
    "providers_slack": "`airflow.providers.slack`",
    "providers_smtp": "`airflow.providers.smtp`",
    "providers_sqlite": "`airflow.providers.sqlite`",
}


def page(drawn: str) -> str:
    """Return the text of `airflow-names.md`."""
    assert AREAS.keys() == _tables.areas(), "each table has a name on the page"
    return "\n".join(
        [
            "# Names of Airflow",
            "",
            drawn,
            "",
            "[How Airflow's files run](airflow.md) says what the columns mean.",
            "",
            "| import path | served | served, old place | moved to a provider | later |",
            "|---|---|---|---|---|",
            *_areas(),
            "",
            "## Later",
            "",
            "Importing one of these names is an import error of the file, which says what to do until then.",
            "",
            "| name | first place | until then |",
            "|---|---|---|",
            *_later(),
            "",
        ]
    )


def _areas() -> Iterator[str]:
    whole: Counter[str] = Counter()
    modules: dict[str, list[NamedModule]] = {area: [] for area in AREAS}
    for module in _tables.modules().values():
        modules[_tables._area_of(module.name)].append(module)  # noqa: SLF001 - the tables' own division
    for area, shown in AREAS.items():
        counts = Counter(_column(module, name) for module in modules[area] for name in module.names)
        whole += counts
        yield _row(shown, counts)
    yield _row("**all**", whole)


def _column(module: NamedModule, name: str) -> str:
    entry = module.entry(name)
    assert entry is not None, "asked for names that it has"
    if entry.kind is Kind.DEPRECATED:
        return "moved" if entry.target.startswith("airflow.providers.") else "old"
    column: str = entry.kind.value
    return column


def _row(shown: str, counts: Counter[str]) -> str:
    return (
        f"| {shown} | "
        + " | ".join(str(counts[name]) for name in ("current", "old", "moved", "later"))
        + " |"
    )


def _later() -> Iterator[str]:
    found: dict[str, tuple[str, str]] = {}
    order = list(AREAS)
    for module in sorted(_tables.modules().values(), key=lambda one: order.index(_tables._area_of(one.name))):  # noqa: SLF001 - as above
        for name in module.names:
            entry = module.entry(name)
            if entry is not None and entry.kind is Kind.LATER and not _has_a_home(name):
                found.setdefault(name, (module.name, entry.advice))
    for name, (module_name, advice) in sorted(found.items(), key=lambda item: item[0].lower()):
        yield f"| `{name}` | `{module_name}` | {advice.replace('|', chr(92) + '|')} |"


def _has_a_home(name: str) -> bool:
    """Whether the name is served somewhere: then a missing place of it is no missing feature."""
    entries = (module.entry(name) for module in _tables.modules().values())
    return any(entry is not None and entry.kind is Kind.CURRENT for entry in entries)
