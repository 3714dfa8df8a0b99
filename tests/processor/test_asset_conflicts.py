"""Assets of different files that share a name or a URI, and are not the same: both files are warned."""

import pytest

from tests.processor.folder import Folder
from tests.processor.test_sdk import parse

WRITES = """
from airflow.sdk import DAG, Asset, task

with DAG("{dag_id}", schedule=None):

    @task(outlets=[Asset("{name}", "{uri}")])
    def write(): ...

    write()
"""


def declare(folder: Folder, file: str, name: str, uri: str) -> None:
    folder.write(file, WRITES.format(dag_id=file.removesuffix(".py"), name=name, uri=uri))


def warnings(folder: Folder, file: str) -> tuple[str, ...]:
    return folder.file(file).warnings


@pytest.mark.parametrize(
    ("what", "name", "uri"), [("name", "orders", "s3://b/two"), ("URI", "sales", "s3://b/one")]
)
def test_assets_that_share_half_of_what_they_are_called_are_told_to_both_files(
    folder: Folder, what: str, name: str, uri: str
) -> None:
    declare(folder, "one.py", "orders", "s3://b/one")
    parse(folder)
    assert warnings(folder, "one.py") == ()

    declare(folder, "two.py", name, uri)
    parse(folder)

    (first,), (second,) = warnings(folder, "one.py"), warnings(folder, "two.py")
    assert first.startswith(
        f"asset `orders` (`s3://b/one`) has the {what} of asset `{name}` (`{uri}`), which is declared in `two.py`"
    )
    assert "declared in `one.py`" in second
    assert parse(folder).parsed == []


@pytest.mark.parametrize("end", ["deleted", "renamed"])
def test_the_warning_goes_when_the_other_asset_goes(folder: Folder, end: str) -> None:
    declare(folder, "one.py", "orders", "s3://b/one")
    declare(folder, "two.py", "orders", "s3://b/two")
    parse(folder)
    assert len(warnings(folder, "one.py")) == 1

    if end == "deleted":
        (folder.path / "two.py").unlink()
    else:
        declare(folder, "two.py", "other", "s3://b/two")
    parse(folder)

    assert warnings(folder, "one.py") == ()


def test_the_same_asset_in_many_files_is_no_conflict(folder: Folder) -> None:
    declare(folder, "one.py", "orders", "s3://b/one")
    declare(folder, "two.py", "orders", "s3://b/one")
    parse(folder)

    assert warnings(folder, "one.py") == warnings(folder, "two.py") == ()


def test_two_dags_of_one_file_are_warned_too(folder: Folder) -> None:
    one = WRITES.format(dag_id="one", name="orders", uri="s3://b/one")
    folder.write("both.py", one + WRITES.format(dag_id="two", name="orders", uri="s3://b/two"))
    parse(folder)

    first, second = warnings(folder, "both.py")
    assert "declared in this file too" in first
    assert "`s3://b/two`" in second


def test_assets_of_a_file_that_breaks_are_declared_still(folder: Folder) -> None:
    declare(folder, "one.py", "orders", "s3://b/one")
    declare(folder, "two.py", "orders", "s3://b/two")
    parse(folder)
    folder.write("two.py", "1 / 0")
    parse(folder)
    assert len(warnings(folder, "one.py")) == 1
    assert parse(folder).parsed == []
