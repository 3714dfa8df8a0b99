"""What `.airflowignore` files mean. Pure: text and paths in, verdicts out; reading them is `discover`'s work.

Two syntaxes exist. Glob works as in `.gitignore`: per folder, `!` takes a file in again, the last match
decides. Regexp is what Airflow 2 assumed: each line is searched for in the path relative to the DAG folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

GLOB = "glob"
REGEXP = "regexp"
AUTO = "auto"

# A class (`\d`), an escaped dot, an anchor, a group, an alternative: nothing that a glob would be written with.
_REGEXP_SIGNS = re.compile(r"\\[.dDwWsSbB]|^\^|\$$|\(.*\)|\||\.\+|/\.\*$|^\.\*[\w/]|\.\*\.\*")
# Regular expressions cannot begin with a repetition, nor hold two in a row.
_GLOB_SIGNS = re.compile(r"^!|^\*|\*\*|^/")


@dataclass(frozen=True)
class Rule:
    """One line: what it matches, and whether it takes the file in again (`!`)."""

    pattern: re.Pattern[str]
    is_negated: bool = False
    folders_only: bool = False


@dataclass(frozen=True)
class FolderRules:
    """The rules of one `.airflowignore`. `folder` is relative to the DAG folder, with `/`, empty for itself."""

    folder: str
    syntax: str
    rules: tuple[Rule, ...]
    problems: tuple[str, ...] = field(default=())


def parse_rules(text: str, *, folder: str, syntax: str) -> FolderRules:
    """Read an ignore file. `syntax` is `glob`, `regexp` or `auto`; a line that cannot be read is a problem."""
    lines = [line.rstrip() for line in text.splitlines()]
    if syntax == AUTO:
        syntax = recognise_syntax(lines)
    rules: list[Rule] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            rule = _regexp_rule(line) if syntax == REGEXP else _glob_rule(line)
        except re.error as error:
            place = f"{folder}/.airflowignore" if folder else ".airflowignore"
            problems.append(f"{place}:{number}: `{line}` is not a legal {syntax} pattern: {error}")
            continue
        if rule is not None:
            rules.append(rule)
    return FolderRules(folder, syntax, tuple(rules), tuple(problems))


def recognise_syntax(lines: Sequence[str]) -> str:
    """Return `regexp` when some line holds what no glob would be written with, else `glob`."""
    written = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if any(_GLOB_SIGNS.search(line) for line in written):
        return GLOB
    return REGEXP if any(_REGEXP_SIGNS.search(line) for line in written) else GLOB


def is_ignored(path: str, *, is_folder: bool, rules: Sequence[FolderRules]) -> bool:
    """Whether `path` (relative to the DAG folder, with `/`) is ignored.

    `rules` are those of the folders around it, outermost first. What lies below an ignored folder is
    never asked for.
    """
    verdict = False
    for folder_rules in rules:
        below = path[len(folder_rules.folder) + 1 :] if folder_rules.folder else path
        for rule in folder_rules.rules:
            if rule.folders_only and not is_folder:
                continue
            found = (
                rule.pattern.search(path) if folder_rules.syntax == REGEXP else rule.pattern.fullmatch(below)
            )
            if found:
                verdict = not rule.is_negated
    return verdict


def _regexp_rule(line: str) -> Rule | None:
    written = re.sub(r"\s*#.*", "", line).strip()
    return Rule(re.compile(written)) if written else None


def _glob_rule(line: str) -> Rule | None:
    if not line or line.startswith("#"):
        return None
    is_negated = line.startswith("!")
    glob = line[1:] if is_negated else line
    if glob.startswith("\\") and glob[1:2] in {"#", "!"}:
        glob = glob[1:]
    folders_only = glob.endswith("/")
    glob = glob.rstrip("/")
    if not glob:
        return None
    is_anchored = "/" in glob
    expression = _glob_expression(glob.lstrip("/"))
    if not is_anchored:
        expression = f"(?:.*/)?{expression}"
    return Rule(re.compile(expression), is_negated=is_negated, folders_only=folders_only)


def _glob_expression(glob: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            parts.append(".*")
            at += 2
        elif glob[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            parts.append("[^/]")
            at += 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            members = glob[at + 1 : end].replace("\\", "\\\\")
            parts.append(f"[{'^' + members[1:] if members[0] in '!^' else members}]")
            at = end + 1
        else:
            at += glob[at] == "\\" and at + 1 < len(glob)
            parts.append(re.escape(glob[at]))
            at += 1
    return "".join(parts)
