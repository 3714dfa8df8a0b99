"""Snapshots of code are named by what they hold, and come back as they were."""

import fcntl
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from windward.errors import NotFoundError
from windward.store.code import LocalCodeStore

FILES = {"sales.py": b"import lib\n", "lib/__init__.py": b"", "lib/more.py": b""}
DAGS = Path("/dags")


def test_a_snapshot_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path)
    code_hash = store.save(DAGS, FILES)

    tree = LocalCodeStore(tmp_path).materialise(code_hash)

    found = {
        path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()
    }
    assert found == FILES
    assert set(store.manifest(code_hash)) == set(FILES)
    assert store.materialise(code_hash) == tree


def test_the_name_follows_from_contents_and_paths_alone(tmp_path: Path) -> None:
    first, second = LocalCodeStore(tmp_path / "a"), LocalCodeStore(tmp_path / "b")
    code_hash = first.save(DAGS, FILES)

    assert second.save(Path("/other"), dict(reversed(FILES.items()))) == code_hash
    assert first.save(DAGS, {**FILES, "sales.py": b"x"}) != code_hash
    assert first.save(DAGS, {"renamed.py": FILES["sales.py"]}) != first.save(
        DAGS, {"sales.py": FILES["sales.py"]}
    )


@pytest.mark.parametrize("path", ["../x.py", "/x.py", "a/../x.py", "", "a//b.py", "./a.py"])
def test_a_path_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        LocalCodeStore(tmp_path).save(DAGS, {path: b""})


def test_writing_into_a_tree_changes_no_snapshot(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path)
    one, two = store.save(DAGS, {"a.py": b"same"}), store.save(DAGS, {"b.py": b"same"})
    file = store.materialise(one) / "a.py"
    file.chmod(0o644)
    file.write_bytes(b"changed")

    assert (store.materialise(two) / "b.py").read_bytes() == b"same"


def test_many_may_materialise_at_once(tmp_path: Path) -> None:
    code_hash = LocalCodeStore(tmp_path).save(DAGS, {f"{n}.py": b"%d" % n for n in range(50)})
    gate = threading.Barrier(8)
    counts = []

    def materialise() -> None:
        gate.wait(timeout=60)
        counts.append(len(list(LocalCodeStore(tmp_path).materialise(code_hash).iterdir())))

    threads = [threading.Thread(target=materialise) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert counts == [50] * 8
    assert len(list((tmp_path / "trees").iterdir())) == 1


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def test_discarding_keeps_the_others_and_their_contents(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path)
    kept = store.save(DAGS, {"a.py": b"shared", "b.py": b"1"})
    gone = store.save(DAGS, {"a.py": b"shared", "b.py": b"2"})
    store.materialise(gone)

    assert store.discard([gone, "a" * 32], saved_before=later()) == 1

    assert [name for name, _ in store.snapshots()] == [kept]
    assert (store.materialise(kept) / "a.py").read_bytes() == b"shared"
    assert len(list((tmp_path / "objects").glob("*/*"))) == 2
    for ask in (store.manifest, store.materialise):
        with pytest.raises(NotFoundError):
            ask(gone)


def test_what_was_saved_again_since_it_was_chosen_stays(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path)
    code_hash = store.save(DAGS, FILES)
    long_ago = (later() - timedelta(days=2)).timestamp()
    os.utime(tmp_path / "manifests" / f"{code_hash}.json", (long_ago, long_ago))
    chosen_at = later() - timedelta(days=1)
    assert [at < chosen_at for _, at in store.snapshots()] == [True]

    store.save(DAGS, FILES)

    assert store.discard([code_hash], saved_before=chosen_at) == 0
    assert store.manifest(code_hash)


def test_a_save_waits_for_who_discards(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path)
    store.save(DAGS, FILES)
    done = threading.Event()

    def save() -> None:
        store.save(DAGS, {"new.py": b""})
        done.set()

    with (tmp_path / "lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=save)
        thread.start()
        assert not done.wait(0.05)
    assert done.wait(60)
    thread.join(timeout=60)


def test_an_empty_folder_has_nothing_to_discard(tmp_path: Path) -> None:
    store = LocalCodeStore(tmp_path / "none")

    assert store.snapshots() == []
    assert store.discard(["a" * 32], saved_before=later()) == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("code_hash", ["", "../../etc/passwd", "a" * 31, "a" * 32])
def test_what_names_no_snapshot_is_not_found(tmp_path: Path, code_hash: str) -> None:
    with pytest.raises(NotFoundError):
        LocalCodeStore(tmp_path).manifest(code_hash)
