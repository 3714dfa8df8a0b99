"""What the server says in sentences, the Korean interface says in Korean: no sentence without a counterpart.

A sentence is every text of the deciding packages that reads as prose: it has a word and a blank, is no docstring, and
is not raised. Holes have no names here: `f"{name} waits"` and `"{task:code} waits"` are both `{} waits`.
"""

import ast
import functools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise

from tests.tidy import tree

DECIDING = tuple(f"{tree.PRODUCT}{name}" for name in ("core/", "timetable/", "sdk/semantics.py"))
"""Where all prose is for people."""
REPORTING = tuple(
    f"{tree.PRODUCT}{name}" for name in ("engine/", "runner/facts.py", "runner/endings.py", "runner/pool.py")
)
"""Where prose is for people when it is given, or kept, as one of `GIVEN_AS`."""
GIVEN_AS = frozenset({"reason", "message"})
REFUSING = tuple(
    f"{tree.PRODUCT}{name}"
    for name in (
        "core/",
        "engine/people/",
        "api/access/entrance.py",
        "api/contract/",
        "api/own/",
        "api/public/",
    )
)
"""Where what is raised is shown to people: the first text that an error is made of."""
WARNING = tuple(
    f"{tree.PRODUCT}{name}"
    for name in ("processor/asset_claims.py", "processor/results.py", "sdk/serialize_assets.py")
)
"""Where warnings of DAGs that the interface shows are made: prose that is appended to a list."""
CATALOGUES = tuple(
    f"ui/src/i18n/ko/{name}.json" for name in ("reasons", "refusals", "schedules", "settings", "connections")
)
SETTINGS = f"{tree.PRODUCT}settings/sections.py"
"""Where each field of a class is a setting, and the text below it its explanation."""
HOLES = re.compile(r"(?:\{(?:\w+(?::[.\w]+)?[?*+]?)?\})+")
"""Holes that stand side by side count as one: a list of words may be one hole of the interface's."""
TYPES = f"{tree.PRODUCT}app/connection_types.toml"
"""Where fields of connections have labels and hints."""
PROPER = frozenset({
    "Amazon Web Services", "Apache Spark", "Azure Blob Storage", "Databricks", "Elasticsearch", "FTP",
    "Google Cloud", "HTTP", "IMAP", "JDBC", "Microsoft SQL Server", "MongoDB", "MySQL, MariaDB", "ODBC",
    "Oracle Database", "PostgreSQL", "Redis", "SFTP", "SID", "SQLite", "SSH", "Samba", "Slack", "Snowflake", "TLS",
    "Trino", "URL",
})  # fmt: skip
"""Names of services and protocols, which are the same in both languages."""
PROSE = re.compile(r"(?=.*[a-z]{2})(?=.*\s)", re.DOTALL)
NO_SENTENCES = {
    f"{tree.PRODUCT}timetable/cron.py": "refusals of schedules",
    f"{tree.PRODUCT}timetable/cron_fields.py": "refusals of schedules",
    f"{tree.PRODUCT}timetable/zones.py": "refusals of zones",
    f"{tree.PRODUCT}core/external.py": "refusals of waits for other DAGs",
    f"{tree.PRODUCT}core/file_grants.py": "words of DAG files",
    f"{tree.PRODUCT}core/runs.py: DAG `{{}}` does not allow runs of type `{{}}`": "raised by who calls",
    f"{tree.PRODUCT}core/triggering.py: DAG `{{}}` already has a run `{{}}`": "raised by who calls",
    f"{tree.PRODUCT}core/triggering.py: DAG `{{}}` already has a run of {{}}: `{{}}`": "raised by who calls",
    f"{tree.PRODUCT}core/triggering.py: a task": "stands for a name",
    f"{tree.PRODUCT}core/triggering.py: task `{{}}.{{}}`": "stands for a name",
    f"{tree.PRODUCT}core/human_input.py: by {{}} at {{}}": "a part of what is raised",
    f"{tree.PRODUCT}core/human_input.py: by its timeout at {{}}": "a part of what is raised",
    f"{tree.PRODUCT}core/human_input.py: Offered are: {{}}.": "a hint",
    f"{tree.PRODUCT}core/human_input.py: field `{{}}` of `{{}}`": "a part of what is raised",
    f"{tree.PRODUCT}engine/service.py": "answers to user code",
    f"{tree.PRODUCT}sdk/semantics.py: `[core] semantics`": "a part of what is raised",
    f"{tree.PRODUCT}sdk/semantics.py: `semantics=` of the DAG": "a part of what is raised",
    f"{tree.PRODUCT}timetable/conditions.py": "names of assets, read by the kind `condition` of the interface",
    f"{tree.PRODUCT}timetable/describe.py: listed date": "counted: `3 listed dates`",
    f"{tree.PRODUCT}timetable/describe.py: {{}} and {{}}": "a list, which the interface takes apart",
}
"""Files, or texts of files, that read as prose and are no sentences, and what they are."""


OF_OTHERS = "`msgspec`"
"""The group of texts that a library has."""


def known_of(catalogues: Mapping[str, str]) -> dict[str, str]:
    """Return each English template, without names in its holes, and in which file and group it stands."""
    return {
        HOLES.sub("{}", template): f"{path}: `{group}`: {template}"
        for path, text in catalogues.items()
        for group, entries in json.loads(text).items()
        for template in entries
    }


def sentences(module: tree.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the template of each text of a module that people read as a sentence."""
    left_out = set(_left_out(module.tree))
    is_warning = module.path in WARNING
    is_deciding = module.path.startswith(DECIDING)
    roots = [module.tree] if is_deciding else list(_given(module.tree, is_warning=is_warning))
    for root in roots:
        for node in ast.walk(root):
            match node:
                case ast.Constant() | ast.JoinedStr() if node not in left_out:
                    text = _template(node)
                    if PROSE.match(text):
                        yield node.lineno, text


def refusals(module: tree.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the template of each text of a module that refuses something, or one of many things."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Raise(exc=ast.Call(args=[text, *_])) if PROSE.match(_template(text)):
                yield text.lineno, _template(text)
            case ast.Dict(keys=[ast.Constant(value="error"), *_], values=[text, *_]) if PROSE.match(
                _template(text)
            ):
                yield text.lineno, _template(text)
            case ast.Raise(exc=ast.Call(keywords=keywords)):
                for keyword in keywords:
                    if keyword.arg == "message" and PROSE.match(_template(keyword.value)):
                        yield keyword.value.lineno, _template(keyword.value)


def explanations(module: tree.Module) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the name and the explanation of each setting that a module declares; empty where it has none."""
    for section in module.tree.body:
        match section:
            case ast.ClassDef(name=name, body=body) if name != "Settings":
                for field, below in pairwise([*body, ast.Pass()]):
                    match field, below:
                        case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(
                            value=ast.Constant(value=str(text))
                        ):
                            yield below.lineno, key, " ".join(text.split())
                        case ast.AnnAssign(target=ast.Name(id=key)), _:
                            yield field.lineno, key, ""


def _given(root: ast.AST, *, is_warning: bool) -> Iterator[ast.AST]:
    for node in ast.walk(root):
        match node:
            case ast.Call(func=ast.Attribute(attr="append"), args=[text]) if is_warning:
                yield text
            case ast.keyword(arg=str(name), value=value) if name in GIVEN_AS:
                yield value
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in GIVEN_AS:
                yield value


def _left_out(root: ast.AST) -> Iterator[ast.AST]:
    """Yield docstrings, what is raised or asserted, hints, names of blockers, and the pieces of longer texts."""
    for node in ast.walk(root):
        match node:
            case (
                ast.Expr(value=ast.Constant() as text)
                | ast.FormattedValue(format_spec=ast.JoinedStr() as text)
            ):
                yield text
            case ast.Raise() | ast.Assert() | ast.keyword(arg="hint"):
                yield from ast.walk(node)
            case ast.Call(func=ast.Name(id="Blocker"), args=[name, *_]):
                yield name
            case ast.JoinedStr(values=parts):
                yield from (part for part in parts if isinstance(part, ast.Constant))


def _template(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return HOLES.sub("{}", "".join(_template(part) or "{}" for part in parts))
    return ""


@functools.cache
def said() -> tuple[tuple[str, int, str], ...]:
    """Return the file, line and template of each sentence of the product."""
    return tuple(
        (path, line, text)
        for path, source in tree.texts().items()
        if path.startswith((*DECIDING, *REPORTING, *WARNING))
        and path.endswith(".py")
        and path not in NO_SENTENCES
        for line, text in sentences(tree.parse(path, source))
    )


@functools.cache
def refused() -> tuple[tuple[str, int, str], ...]:
    """Return the file, line and template of each refusal of the product that a person may see."""
    return tuple(
        (path, line, text)
        for path, source in tree.texts().items()
        if path.startswith(REFUSING) and path.endswith(".py")
        for line, text in refusals(tree.parse(path, source))
    )


@functools.cache
def explained() -> tuple[tuple[int, str, str], ...]:
    """Return the line, the name and the explanation of each setting of the product."""
    return tuple(explanations(tree.parse(SETTINGS, tree.texts()[SETTINGS])))


@functools.cache
def labelled() -> tuple[str, ...]:
    """Return the names, labels and hints of types of connections and their fields."""
    found: list[str] = []
    for one in tomllib.loads(tree.texts()[TYPES]).values():
        fields = [
            *one.get("extras", {}).values(),
            *(field for field in one.values() if isinstance(field, dict)),
        ]
        found += [one["name"], *(field[key] for field in fields for key in ("label", "hint") if key in field)]
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str)))


def known() -> dict[str, str]:
    return known_of({path: tree.texts()[path] for path in CATALOGUES})


def test_a_planted_sentence_is_found() -> None:
    source = '''"""It is a module."""
def decide(task):
    """It decides."""
    assert task, "it is there"
    if not task.name:
        raise UserError("it has no name", hint="Name it.")
    return Reason(f"`{task.name}` waits{task.since}{task.host}: {'for ever and ever' if task.n else 'once'}")
'''
    deciding = tree.parse(f"{DECIDING[0]}planted.py", source)
    assert list(sentences(deciding)) == [(7, "`{}` waits{}: {}"), (7, "for ever and ever")]

    source = 'raise NotFoundError(f"there is no `{name}`", hint="Look.")\nraise InvalidRequest.of((), message="is none")'
    raising = tree.parse(f"{REFUSING[0]}planted.py", source)
    assert list(refusals(raising)) == [(1, "there is no `{}`"), (2, "is none")]

    source = 'move(task, reason=f"`{by}` stopped it", key="not this one")\nmessage = "the host is gone"'
    reporting = tree.parse(f"{REPORTING[0]}planted.py", source)
    assert sorted(sentences(reporting)) == [(1, "`{}` stopped it"), (2, "the host is gone")]

    korean = known_of({"ko.json": '{"task": {"`{name:id}` waits{since:.since?}{x}: {why:text}": "…"}}'})
    assert "`{}` waits{}: {}" in korean


def test_each_sentence_of_the_server_has_a_korean_counterpart() -> None:
    counterparts = known()
    missing = [
        f"{path}:{line}: no counterpart in {CATALOGUES[0]} of `{text}`"
        for path, line, text in said()
        if text not in counterparts and f"{path}: {text}" not in NO_SENTENCES
    ]
    assert not missing, tree.report(missing)


def test_each_refusal_of_the_server_has_a_korean_counterpart() -> None:
    counterparts = known()
    missing = [
        f"{path}:{line}: no counterpart in {CATALOGUES[1]} of `{text}`"
        for path, line, text in refused()
        if text not in counterparts
    ]
    assert not missing, tree.report(missing)


def test_a_planted_setting_is_found() -> None:
    source = '''class ApiSettings:
    """It is a section."""
    host: str = "127.0.0.1"
    """Address that
    it binds to."""
    port: int = 1
class Settings:
    api: ApiSettings
'''
    found = list(explanations(tree.parse(SETTINGS, source)))
    assert found == [(4, "host", "Address that it binds to."), (6, "port", "")]


def test_each_setting_is_explained_in_korean() -> None:
    counterparts = known()
    missing = [
        f"{SETTINGS}:{line}: no counterpart in {CATALOGUES[3]} of the explanation of `{name}`: `{text}`"
        for line, name, text in explained()
        if text not in counterparts
    ]
    assert len(explained()) > 100
    assert not missing, tree.report(missing)


def test_each_field_of_a_connection_is_labelled_in_korean() -> None:
    missing = set(labelled()) - set(known()) - PROPER
    assert not missing, tree.report(
        [f"{TYPES}: no counterpart in {CATALOGUES[4]} of `{one}`" for one in missing]
    )
    assert not PROPER - set(labelled())


def test_each_counterpart_belongs_to_a_sentence_that_is_still_said() -> None:
    texts = {text for _, _, text in (*said(), *refused(), *explained())} | {*labelled()}
    sources = "\n".join(
        text for path, text in tree.texts().items() if path.startswith(tree.PRODUCT) and path.endswith(".py")
    )
    # A sentence that is joined from words has them somewhere, though not as one text.
    stale = [
        where
        for template, where in known().items()
        if OF_OTHERS not in where
        and template not in texts
        and any(part.strip() not in sources for part in template.split("{}"))
    ]
    assert not stale, tree.report(stale)


def test_each_exception_is_still_needed() -> None:
    found = {f"{path}: {text}" for path, _, text in said()} | set(tree.texts())
    assert not set(NO_SENTENCES) - found


def test_the_holes_of_a_counterpart_are_those_of_its_sentence() -> None:
    wrong = [
        f"{path}: `{korean}`"
        for path in CATALOGUES
        for entries in json.loads(tree.texts()[path]).values()
        for english, korean in entries.items()
        if not set(re.findall(r"\{(\w+)", korean)) <= set(re.findall(r"\{(\w+)", english))
    ]
    assert not wrong, tree.report(wrong)


def test_no_group_stands_in_two_catalogues() -> None:
    groups = [group for path in CATALOGUES for group in json.loads(tree.texts()[path])]
    assert len(groups) == len(set(groups))
