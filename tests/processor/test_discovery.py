"""Which files are looked at: kinds, safe mode, links, `.airflowignore` in both syntaxes."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.processor.discover import Listing, discover
from windward.processor.fingerprint import FilePrint, Fingerprints, Stamp
from windward.processor.ignore import AUTO, GLOB, REGEXP, is_ignored, parse_rules, recognise_syntax

DAG = "# airflow dag"


def write(root: Path, *names: str, text: str = DAG) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def listing(root: Path, *, syntax: str = AUTO, is_safe_mode: bool = True) -> Listing:
    return discover(root, Fingerprints(root), syntax=syntax, is_safe_mode=is_safe_mode)


def found(root: Path, *, syntax: str = AUTO, is_safe_mode: bool = True) -> list[str]:
    return [file.fileloc for file in listing(root, syntax=syntax, is_safe_mode=is_safe_mode).files]


def ignored(text: str, paths: Sequence[str], *, syntax: str = AUTO, folder: str = "") -> list[str]:
    rules = [parse_rules(text, folder=folder, syntax=syntax)]
    return [path for path in paths if is_ignored(path.rstrip("/"), is_folder=path.endswith("/"), rules=rules)]


def test_python_files_are_found_at_any_depth_and_nothing_else(tmp_path: Path) -> None:
    write(
        tmp_path, "b.py", "a/deep/c.py", "notes.txt", "x.pyc", ".hidden.py", ".git/d.py", "__pycache__/e.py"
    )
    assert found(tmp_path) == ["a/deep/c.py", "b.py"]


@pytest.mark.parametrize(
    ("text", "is_dag"),
    [
        ("from airflow import DAG", True),
        ("from AIRFLOW.sdk import Asset", True),
        ("from windward import dag", True),
        ("import airflow", False),
        ("dag = 1", False),
    ],
)
def test_safe_mode_wants_a_product_and_a_dag(tmp_path: Path, text: str, is_dag: bool) -> None:
    write(tmp_path, "a.py", text=text)
    assert found(tmp_path) == (["a.py"] if is_dag else [])
    assert found(tmp_path, is_safe_mode=False) == ["a.py"]


def test_an_unchanged_folder_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    for name in ("a.py", "b.py"):
        os.utime(tmp_path / name, (1, 1))
    fingerprints = Fingerprints(tmp_path)
    for _ in range(3):
        discover(tmp_path, fingerprints, syntax=AUTO, is_safe_mode=True)
    assert fingerprints.files_read == 2


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, "a/b/c.py")
    (tmp_path / "a/b/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(tmp_path / "a")
    assert found(tmp_path) == ["a/b/c.py"]


def test_a_linked_folder_outside_is_found_under_the_name_of_the_link(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/c.py")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/current").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dags/broken.py").symlink_to(tmp_path / "nowhere.py")
    assert found(tmp_path / "dags") == ["current/c.py"]


def test_a_missing_folder_is_a_problem_and_not_an_empty_one(tmp_path: Path) -> None:
    missing = listing(tmp_path / "nowhere")
    assert missing.files == ()
    assert missing.unreadable == ("",)
    assert "cannot be read" in missing.problems[0]


def test_ignore_files_hold_for_their_folder_and_what_is_below(tmp_path: Path) -> None:
    write(tmp_path, "test_a.py", "team/test_a.py", "team/deep/test_a.py", "team/keep.py", "other/test_a.py")
    write(tmp_path, "team/.airflowignore", text="test_*.py\n")
    assert found(tmp_path) == ["other/test_a.py", "team/keep.py", "test_a.py"]


def test_a_file_taken_in_again_is_found_unless_its_folder_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py", "lib/b.py")
    write(tmp_path, ".airflowignore", text="*.py\nlib/\n!b.py\n")
    assert found(tmp_path) == ["b.py"]


def test_a_name_that_is_not_utf8_is_a_problem_and_hides_no_other_file(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "z.py", "notes/z.py")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).write_text(DAG)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("none of ours")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/th\xe9")).mkdir()
    assert found(tmp_path) == ["a.py", "notes/z.py", "z.py"]
    assert [problem.split(":")[0] for problem in listing(tmp_path).problems] == [
        r"the name of `caf\udce9.py` in the DAG folder is not UTF-8",
        r"the name of `th\udce9` in the DAG folder is not UTF-8",
    ]


def test_a_link_that_cannot_be_followed_hides_no_other_file(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "z.py", "zz/c.py")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert found(tmp_path) == ["a.py", "z.py", "zz/c.py"]
    assert listing(tmp_path).unreadable == ("loop",)
    assert "`loop` cannot be followed" in listing(tmp_path).problems[0]


def test_a_folder_whose_ignore_file_cannot_be_read_is_not_gone(tmp_path: Path) -> None:
    write(tmp_path, "team/a.py")
    (tmp_path / "team/.airflowignore").symlink_to(tmp_path / "nowhere")
    assert listing(tmp_path).unreadable == ("team",)


def test_what_is_above_the_limit_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a/a.py", *(f"z/{number}.txt" for number in range(20)))
    monkeypatch.setattr("windward.processor.discover.FILES_MAX", 10)
    assert listing(tmp_path).unreadable == ("a",)


@pytest.mark.parametrize("name", ["a.py", "a.zip"])
def test_a_file_that_cannot_be_read_is_not_gone(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "b.py")

    class Locked(Fingerprints):
        def _read(self, path: str, stamp: Stamp) -> FilePrint:
            if path.endswith(name):
                raise PermissionError(13, "Permission denied")
            return super()._read(path, stamp)

    seen = discover(tmp_path, Locked(tmp_path), syntax=AUTO, is_safe_mode=True)
    assert [file.fileloc for file in seen.files] == ["b.py"]
    assert seen.unreadable == (name,)
    assert seen.problems == (f"file `{tmp_path}/{name}` cannot be read: Permission denied",)


GLOB_CASES = [
    ("*.py", ["a.py", "d/a.py"], []),
    ("/a.py", ["a.py"], ["d/a.py"]),
    ("d/a.py", ["d/a.py"], ["e/d/a.py"]),
    ("**/a.py", ["a.py", "e/d/a.py"], ["b.py"]),
    ("d/**/a.py", ["d/a.py", "d/e/f/a.py"], ["a.py"]),
    ("d/**", ["d/a.py", "d/e/a.py"], ["d/"]),
    ("d/", ["d/", "e/d/"], ["d"]),
    ("file_?.py", ["file_1.py"], ["file_10.py"]),
    ("file_[0-4].py", ["file_3.py"], ["file_7.py"]),
    ("file_[!0-4].py", ["file_7.py"], ["file_3.py"]),
    ("# a.py", [], ["a.py"]),
    ("\\#a.py", ["#a.py"], []),
    ("a.py  ", ["a.py"], []),
    ("*\n!keep.py", ["a.py"], ["keep.py", "d/keep.py"]),
    ("!a.py\na.py", ["a.py"], []),
]


@pytest.mark.parametrize(("text", "yes", "no"), GLOB_CASES)
def test_glob_patterns_work_as_in_gitignore(text: str, yes: list[str], no: list[str]) -> None:
    assert ignored(text, [*yes, *no], syntax=GLOB) == yes


def test_a_glob_is_relative_to_its_own_folder() -> None:
    assert ignored("/a.py", ["team/a.py", "team/x/a.py"], syntax=GLOB, folder="team") == ["team/a.py"]


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("project_a", ["project_a/x.py", "my_project_a.py"], ["b.py"]),
        (r"^tests/.*\.py$", ["tests/a.py"], ["x/tests/a.py"]),
        (r"tenant_[\d]+", ["tenant_12/a.py"], ["tenant_x/a.py"]),
        ("a.py  # why", ["a.py"], ["b.py"]),
    ],
)
def test_regexps_are_searched_for_in_the_whole_path(text: str, yes: list[str], no: list[str]) -> None:
    assert ignored(text, [*yes, *no], syntax=REGEXP) == yes


@pytest.mark.parametrize(
    ("lines", "syntax"),
    [
        (["project_a", "tenant_[0-9]"], GLOB),
        (["*.py"], GLOB),
        (["**/lib/"], GLOB),
        ([".*"], GLOB),
        (["# only (a|comment)"], GLOB),
        ([r".*_test\.py"], REGEXP),
        (["^lib"], REGEXP),
        (["lib/.*"], REGEXP),
        ([".*/lib/.*"], REGEXP),
        (["(a|b)"], REGEXP),
        ([r"tenant_[\d]"], REGEXP),
        ([r".*_test\.py", "!keep.py"], GLOB),
    ],
)
def test_the_syntax_is_recognised_by_what_the_other_cannot_mean(lines: list[str], syntax: str) -> None:
    assert recognise_syntax(lines) == syntax


def test_a_pattern_that_cannot_be_read_is_a_problem_with_its_line() -> None:
    rules = parse_rules("fine\n(broken\n", folder="team", syntax=REGEXP)
    assert len(rules.rules) == 1
    assert rules.problems[0].startswith("team/.airflowignore:2: `(broken`")


@given(st.text(max_size=60), st.text(st.sampled_from("ab/.*_"), min_size=1, max_size=20))
def test_no_ignore_file_can_break_a_scan(text: str, path: str) -> None:
    for syntax in (AUTO, GLOB, REGEXP):
        is_ignored(path, is_folder=False, rules=[parse_rules(text, folder="", syntax=syntax)])
