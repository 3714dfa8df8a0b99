"""Deciding what to parse: laws of the pure part."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from windward.model.files import FileRecord
from windward.processor.discover import Found
from windward.processor.fingerprint import Stamp
from windward.processor.plan import Plan, combined_hash, decide_plan

NOW_NS = 10**18
NAMES = st.sampled_from(["a.py", "b.py", "c.py", "lib.py", "lib/x.py"])
FOLDERS = st.dictionaries(NAMES, st.sampled_from(["1", "2", "3"]), min_size=1)


def found(name: str, *, mtime_ns: int = 0) -> Found:
    return Found(name, name, Stamp(mtime_ns, mtime_ns, 1, 1))


def record(name: str, hashes: dict[str, str], imports: tuple[str, ...] = (), key: str = "k") -> FileRecord:
    dependencies = {other: hashes.get(other, "absent") for other in imports}
    return FileRecord(
        fileloc=name,
        content_hash=combined_hash(key, hashes[name], dependencies),
        imports=imports,
        parsed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def plan(known: list[FileRecord], files: list[Found], hashes: dict[str, str], key: str = "k") -> Plan:
    return decide_plan({one.fileloc: one for one in known}, files, hashes, key=key, now_ns=NOW_NS)


@given(FOLDERS, st.lists(NAMES, unique=True))
def test_what_was_just_parsed_needs_nothing(hashes: dict[str, str], imports: list[str]) -> None:
    known = [record(name, hashes, tuple(imports)) for name in hashes]
    assert plan(known, [found(name) for name in hashes], hashes) == Plan()


@given(FOLDERS, st.data())
def test_exactly_those_are_parsed_that_see_the_change(hashes: dict[str, str], data: st.DataObject) -> None:
    imports = {
        name: tuple(data.draw(st.lists(st.sampled_from(sorted(hashes)), unique=True))) for name in hashes
    }
    known = [record(name, hashes, imports[name]) for name in hashes]
    changed = data.draw(st.sampled_from(sorted(hashes)))
    decided = plan(known, [found(name) for name in hashes], {**hashes, changed: "new"})
    assert {file.fileloc for file in decided.parse} == {
        name for name in hashes if name == changed or changed in imports[name]
    }


@given(FOLDERS)
def test_another_version_of_ours_parses_everything(hashes: dict[str, str]) -> None:
    known = [record(name, hashes) for name in hashes]
    decided = plan(known, [found(name) for name in hashes], hashes, key="newer")
    assert {file.fileloc for file in decided.parse} == set(hashes)


def test_the_edited_come_before_the_affected_and_the_newest_first() -> None:
    hashes = {"edited.py": "1", "old.py": "1", "new.py": "1", "lib.py": "1"}
    parsed_ns = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    known = [
        record("old.py", hashes, ("lib.py",)),
        record("new.py", hashes, ("lib.py",)),
        record("edited.py", hashes),
    ]
    files = [
        found("old.py", mtime_ns=1),
        found("new.py", mtime_ns=2),
        found("edited.py", mtime_ns=parsed_ns + 1),
        found("unknown.py", mtime_ns=parsed_ns + 2),
    ]
    decided = decide_plan(
        {one.fileloc: one for one in known},
        files,
        {**hashes, "lib.py": "2", "edited.py": "2", "unknown.py": "1"},
        key="k",
        now_ns=parsed_ns * 2,
    )
    assert [file.fileloc for file in decided.parse] == ["unknown.py", "edited.py", "new.py", "old.py"]


def test_a_file_that_is_just_being_written_is_left_for_a_moment() -> None:
    decided = plan([], [found("a.py", mtime_ns=NOW_NS - 1_000_000)], {"a.py": "1"})
    assert decided == Plan(unsettled=("a.py",))


def test_a_file_of_the_future_is_not_waited_for() -> None:
    decided = plan([], [found("a.py", mtime_ns=NOW_NS + 10**12)], {"a.py": "1"})
    assert [file.fileloc for file in decided.parse] == ["a.py"]


def test_only_what_can_be_read_can_be_gone() -> None:
    hashes = {"a.py": "1", "mount/b.py": "1", "locked.py": "1"}
    known = {name: record(name, hashes) for name in hashes}
    decided = decide_plan(known, [], {}, key="k", now_ns=NOW_NS, unreadable=("mount", "locked.py"))
    assert decided.gone == ("a.py",)
