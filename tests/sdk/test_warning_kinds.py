"""The words of warnings tell the kinds that Airflow has for them."""

from windward.document import AssetDocument
from windward.document.warnings import DagWarningType, warning_type
from windward.sdk.serialize_assets import conflicts_of


def test_two_assets_of_one_name_are_a_conflict() -> None:
    found = conflicts_of([AssetDocument(name="a", uri="x"), AssetDocument(name="a", uri="y")])
    assert [warning_type(text) for text in found] == [DagWarningType.ASSET_CONFLICT]


def test_advice_has_no_kind() -> None:
    assert warning_type("the DAG has a schedule and no `start_date`; it starts when it is first seen") is None
