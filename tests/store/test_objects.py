"""Object stores keep bytes by name, whole or not at all, and never outside their folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clouds import CLOUDS
from windward.core.paths import large_value_name, run_of_large_value
from windward.errors import NotFoundError, SettingsError, UnavailableError
from windward.store.objects import CloudObjectStore, LocalObjectStore, open_object_store, safe_name


def test_an_object_comes_back_until_it_is_deleted(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    location = store.put("sales/run 1/load/7/return_value", b"\x00big")

    assert location.startswith("file://")
    assert open_object_store(f"file://{tmp_path}").get(location) == b"\x00big"

    store.delete(location)
    store.delete(location)
    with pytest.raises(NotFoundError):
        store.get(location)
    assert list(tmp_path.iterdir()) == []


def test_a_put_leaves_no_temporary_file(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put("a/b", b"1")
    store.put("a/b", b"2")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_folder_lists_what_is_in_it_and_tells_what_is_not_whole(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path / "objects")
    assert list(store.pages(2)) == [[]]
    kept = [store.put(f"d/{number}", b"x") for number in range(3)]
    (tmp_path / "objects" / "d" / ".3.0123abcd").write_bytes(b"half")

    found = [one for page in store.pages(2) for one in page]

    assert sorted(one.location for one in found if not one.is_unfinished) == sorted(kept)
    (half,) = (one for one in found if one.is_unfinished)
    store.delete(half.location)
    assert len([one for page in store.pages(9) for one in page]) == 3


@pytest.mark.parametrize(
    "outside", ["file:///etc/passwd", "http://x/y", "{root}/../secret", "{root}%2F..%2Fsecret", "{root}"]
)
def test_a_location_outside_the_folder_is_not_found(tmp_path: Path, outside: str) -> None:
    root = tmp_path / "objects"
    (tmp_path / "secret").write_bytes(b"secret")
    store = LocalObjectStore(root)
    location = outside.replace("{root}", root.as_uri())

    with pytest.raises(NotFoundError):
        store.get(location)
    with pytest.raises(NotFoundError):
        store.delete(location)
    assert (tmp_path / "secret").exists()


@pytest.mark.parametrize("key", ["plain", "a/b", "a//b", "/", ".", "..", "../../b", "a/", "/" * 60, "k\ney"])
def test_a_large_value_may_have_any_key(tmp_path: Path, key: str) -> None:
    store = LocalObjectStore(tmp_path / "xcom")
    location = store.put(large_value_name(f"sales/r/load/-1/{key}", run_pk=17, nonce="0a"), b"big")
    assert store.get(location) == b"big"
    assert run_of_large_value(location) == 17
    assert [path.name for path in tmp_path.iterdir()] == ["xcom"]


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "..", "a/../b", "."])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        safe_name(name)


@given(
    st.lists(
        st.text(min_size=1).filter(lambda name: "/" not in name and name not in {".", ".."}),
        min_size=2,
        max_size=2,
    )
)
def test_safe_names_differ_when_names_differ(names: list[str]) -> None:
    first, second = map(safe_name, names)
    assert (first == second) == (names[0] == names[1])
    assert all(len(name) <= 200 and "/" not in name and name.isascii() for name in (first, second))


def test_a_cloud_store_speaks_urls(tmp_path: Path) -> None:
    # The same code path as S3, with the driver's own local back end: no network in tests.
    store = CloudObjectStore(tmp_path.as_uri())
    location = store.put("a/b c", b"data")

    assert location == f"{tmp_path.as_uri()}/a/b%20c"
    assert store.get(location) == b"data"
    store.delete(location)
    store.delete(location)
    with pytest.raises(NotFoundError):
        store.get(location)
    with pytest.raises(NotFoundError):
        store.get("s3://other/a")


def test_an_unknown_scheme_is_a_setting_to_correct() -> None:
    with pytest.raises(SettingsError, match="ftp://"):
        open_object_store("ftp://host/x")


@pytest.mark.parametrize("kind", CLOUDS)
def test_values_live_in_a_bucket_until_they_are_deleted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = CLOUDS[kind]()
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    store = open_object_store(f"{cloud.url}/xcom")
    location = store.put("orders/manual__2024/load/-1/return value", bytes(200_000))
    assert location.startswith(f"{cloud.url}/xcom/orders/")
    assert store.get(location) == bytes(200_000)
    others = [store.put(f"orders/{number}", b"x") for number in range(5)]
    pages = [[one.location for one in page] for page in store.pages(2)]
    assert sorted(name for page in pages for name in page) == sorted([location, *others])
    assert max(map(len, pages)) == 2
    age = datetime.now(UTC) - next(store.pages(1))[0].written_at
    assert abs(age) < timedelta(minutes=5), "by the clock of the store"
    store.delete(location)
    store.delete(location)
    with pytest.raises(NotFoundError):
        store.get(location)


def test_a_bucket_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = CLOUDS["s3"]()
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    store = open_object_store("s3://no-such-bucket/xcom")
    with pytest.raises(UnavailableError, match="no bucket at `s3://no-such-bucket/xcom`"):
        store.put("a", b"x")
    with pytest.raises(UnavailableError):
        store.delete_below("a")
