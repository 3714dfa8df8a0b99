"""`ObjectStoragePath` on disk, in S3 and in Google Cloud Storage: the same words do the same everywhere."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clouds import CLOUDS, Cloud, gcs, s3
from tests.sdk_runtime.fakes import FakeBridge
from windward.sdk import serde
from windward.sdk.bridge import use_bridge
from windward.sdk.connection import Connection
from windward.sdk.io import ObjectStoragePath, attach, get_fs, has_fs
from windward.sdk.io.filesystems import store_config
from windward.sdk.masking import mask_text


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with use_bridge(FakeBridge()) as found:
        assert isinstance(found, FakeBridge)
        yield found


def known(bridge: FakeBridge, cloud: Cloud, conn_id: str) -> str:
    """Make a connection of a name of its own, for stores are kept by it, and return the URL."""
    bridge.connections[conn_id] = cloud.connection
    return cloud.by(conn_id)


@pytest.fixture(params=["file", *CLOUDS])
def root(request: pytest.FixtureRequest, bridge: FakeBridge, tmp_path: Path) -> Any:
    if request.param == "file":
        return ObjectStoragePath(tmp_path.as_uri())
    return ObjectStoragePath(known(bridge, CLOUDS[request.param](), f"{request.param}_{tmp_path.name}"))


def test_what_is_written_is_read_listed_and_deleted(root: Any) -> None:
    path = root / "orders" / "2024.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a,b\n1,2\n")
    with path.open("ab" if path.protocol == "file" else "rb") as file:
        assert file is not None
    assert (path.exists(), path.is_file(), path.parent.is_dir(), path.name) == (True, True, True, "2024.csv")
    assert (path.read_text(), path.read_bytes()[:3], path.size()) == ("a,b\n1,2\n", b"a,b", 8)
    assert path.stat().st_size == 8
    assert path.read_block(4, 3) == b"1,2"
    (root / "orders" / "2025.csv").write_bytes(b"x")
    assert sorted(found.name for found in (root / "orders").iterdir()) == ["2024.csv", "2025.csv"]
    assert [found.name for found in root.glob("orders/*4.csv")] == ["2024.csv"]
    path.unlink()
    assert not path.exists()


def test_files_are_copied_and_moved_within_a_store(root: Any) -> None:
    (root / "in").mkdir(exist_ok=True)
    source = root / "in" / "a.txt"
    source.write_text("tea")
    (root / "in" / "deep").mkdir(exist_ok=True)
    (root / "in" / "deep" / "b.txt").write_text("salt")

    copied = source.copy(root / "out" / "c.txt")
    assert (copied.read_text(), source.read_text()) == ("tea", "tea")
    moved = copied.move(root / "d.txt")
    assert (moved.read_text(), copied.exists()) == ("tea", False)
    (root / "in").copy(root / "all", recursive=True)
    assert (root / "all" / "deep" / "b.txt").read_text() == "salt"
    assert source.copy(root / "all").name == "a.txt"
    with pytest.raises(IsADirectoryError):
        (root / "in").copy(root / "more")
    with pytest.raises(FileNotFoundError):
        (root / "none").copy(root / "more")


def test_files_are_copied_between_stores_of_all_kinds(bridge: FakeBridge, tmp_path: Path) -> None:
    local = ObjectStoragePath(str(tmp_path / "in")) / "data.bin"
    local.parent.mkdir()
    local.write_bytes(bytes(range(256)) * 100)
    there = local.copy(known(bridge, s3(), "a_s3") + "/x/data.bin")
    beyond = there.copy(known(bridge, gcs(), "a_gcs") + "/y")
    back = beyond.move(str(tmp_path / "out" / "back.bin"))
    assert Path(tmp_path, "out", "back.bin").read_bytes() == bytes(range(256)) * 100
    assert (str(there).startswith("s3://a_s3@bucket"), beyond.exists(), back.exists()) == (True, False, True)


def test_without_a_connection_the_environment_signs_in(
    monkeypatch: pytest.MonkeyPatch, bridge: FakeBridge
) -> None:
    cloud = s3()
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    path = ObjectStoragePath(f"{cloud.url}/k")
    path.write_text("tea")
    assert path.read_text() == "tea"
    assert bridge.calls == []


def test_nothing_is_asked_before_the_path_is_used(bridge: FakeBridge) -> None:
    path = ObjectStoragePath("s3://lazy@bucket/a/b.csv") / "c"
    assert (str(path), path.conn_id) == ("s3://lazy@bucket/a/b.csv/c", "lazy")
    assert bridge.calls == []


def test_parts_of_a_path_are_told_apart() -> None:
    path = ObjectStoragePath("s3://one@bucket/a/b.csv")
    assert (path.bucket, path.container, path.key, path.namespace) == (
        "bucket",
        "bucket",
        "a/b.csv",
        "s3://bucket",
    )
    assert (path.parent.conn_id, path.with_suffix(".txt").key, path.protocol) == ("one", "a/b.txt", "s3")
    local = ObjectStoragePath("file:///data/x")
    assert (local.bucket, local.key, str(local), local.conn_id) == ("", "/data/x", "file:///data/x", None)


def test_paths_are_the_same_by_store_and_key() -> None:
    one, same = ObjectStoragePath("s3://c@b/k"), ObjectStoragePath("s3://b/k", conn_id="c")
    assert one == same
    assert len({one, same, ObjectStoragePath("s3://b/k"), ObjectStoragePath("s3://c@b/l")}) == 3
    assert one.samestore(ObjectStoragePath("s3://c@other/k"))
    assert not one.samestore(ObjectStoragePath("s3://b/k"))
    assert ObjectStoragePath(one) == one


@pytest.mark.parametrize("url", ["s3://one@bucket/a/b.csv", "gs://bucket/k", "file:///data/x"])
def test_a_path_passes_between_tasks(url: str) -> None:
    path = ObjectStoragePath(url)
    stored = serde.encode(path, name="x")
    assert stored.encoding == "tagged"
    found = serde.decode(stored)
    assert (found, found.conn_id) == (path, path.conn_id)
    assert pickle.loads(pickle.dumps(path)) == path
    assert ObjectStoragePath.deserialize(path.serialize(), 1) == path
    with pytest.raises(ValueError, match="version 2"):
        ObjectStoragePath.deserialize(path.serialize(), 2)


def test_stores_are_attached_by_name(bridge: FakeBridge) -> None:
    store = attach("s3", conn_id="one", alias="raw")
    assert attach(alias="raw") is store
    assert attach("s3", conn_id="one") == store
    with pytest.raises(ValueError, match="No registered store with alias: none"):
        attach(alias="none")


def test_a_file_system_given_by_hand_is_used() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    attach("byhand", fs=memory)
    path = ObjectStoragePath("byhand://bucket/k")
    path.write_text("tea")
    assert memory.cat("bucket/k") == b"tea"


def test_schemes_nobody_knows_are_refused() -> None:
    assert (has_fs("s3"), has_fs("file"), has_fs("memory"), has_fs("nope")) == (True, True, True, False)
    with pytest.raises(ValueError, match="No filesystem registered for scheme nope"):
        get_fs("nope")


@pytest.mark.parametrize(
    ("protocol", "connection", "config"),
    [
        (
            "s3",
            Connection("c", conn_type="aws", login="k", password="secret-word", extra={"region_name": "eu-west-1"}),
            {"access_key_id": "k", "secret_access_key": "secret-word", "region": "eu-west-1"},
        ),
        (
            "s3",
            Connection("c", conn_type="aws", extra={"service_config": {"s3": {"endpoint_url": "http://m"}}, "anon": True}),
            {"endpoint": "http://m", "skip_signature": True},
        ),
        (
            "gs",
            Connection("c", conn_type="google_cloud_platform", extra={"extra__google_cloud_platform__key_path": "/k"}),
            {"service_account": "/k"},
        ),
        ("az", Connection("c", conn_type="wasb", login="a", password="key-of-it"), {"account_name": "a", "account_key": "key-of-it"}),
    ],
)  # fmt: skip
def test_connections_of_airflows_types_sign_in(
    protocol: str, connection: Connection, config: dict[str, Any]
) -> None:
    assert store_config(protocol, connection) == config


def test_a_password_of_a_store_is_hidden(bridge: FakeBridge, tmp_path: Path) -> None:
    ObjectStoragePath(known(bridge, s3(), "hidden")).joinpath("k").write_text("x")
    assert mask_text("by secret-access-key") == "by ***"
