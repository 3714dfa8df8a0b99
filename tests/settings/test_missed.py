"""What is set by Airflow's variables and is not done here is said, where people would miss it."""

from pathlib import Path

from windward.settings import load


def test_an_ignored_variable_whose_meaning_people_would_miss_is_warned_of(tmp_path: Path) -> None:
    given = {
        "AIRFLOW__STATE_STORE__BACKEND": "my.Backend",
    }
    unchanged = {
        "AIRFLOW__TRACES__OTEL_ON": "False",
    }
    settings = load({**given, **unchanged}, home=tmp_path)
    assert [warning.split(":")[0] for warning in settings.warnings] == sorted(given)
    assert "`[workers] state_store_backend` keeps values elsewhere" in " ".join(settings.warnings)
    assert set(settings.ignored) == {*given, *unchanged}
