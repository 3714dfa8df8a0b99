"""Presets that packages offer by entry points."""

from importlib.metadata import EntryPoint

import pytest

from windward import DAG, AirflowPlugin, CronTriggerTimetable, DagRunInfo, Timetable
from windward.errors import UserError
from windward.sdk.named_timetables import GROUP, PLUGIN_GROUP, find_timetable

HERE = __name__


class Never(Timetable):
    def next_dagrun_info(self, **_asked: object) -> DagRunInfo | None:
        return None


class Picky(Timetable):
    def __init__(self, number: int) -> None:
        self.number = number


class Plugin(AirflowPlugin):
    name = "ours"
    timetables = [Never]  # noqa: RUF012 - as authors write it


def noon() -> CronTriggerTimetable:
    return CronTriggerTimetable("0 12 * * *", timezone="Europe/Berlin")


def find(name: str, *, own: dict[str, str] | None = None, plugins: dict[str, str] | None = None) -> object:
    return find_timetable(
        name,
        own=[EntryPoint(key, f"{HERE}:{value}", GROUP) for key, value in (own or {}).items()],
        plugins=[EntryPoint(key, f"{HERE}:{value}", PLUGIN_GROUP) for key, value in (plugins or {}).items()],
    )


def test_a_name_is_a_class_or_a_function_that_makes_a_timetable() -> None:
    assert isinstance(find("never", own={"never": "Never"}), Never)
    assert find("noon", own={"never": "Never", "noon": "noon"}) == noon()
    assert find("other", own={"never": "Never"}) is None


def test_timetables_of_plugins_go_by_the_names_of_their_classes() -> None:
    assert isinstance(find("Never", plugins={"ours": "Plugin"}), Never)


@pytest.mark.parametrize("value", ["Picky", "missing", "HERE"])
def test_an_entry_point_that_gives_no_timetable_says_so(value: str) -> None:
    with pytest.raises(UserError, match="offers no timetable"):
        find("x", own={"x": value})


def test_a_preset_that_nobody_offers_is_still_an_error() -> None:
    with pytest.raises(UserError, match="there is no schedule preset `@nobody`"):
        DAG("d", schedule="@nobody")
