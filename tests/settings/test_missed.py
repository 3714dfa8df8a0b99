"""What is set by Airflow's variables and is not done here is said, where people would miss it."""

from pathlib import Path

from windward.settings import load


def test_an_ignored_variable_whose_meaning_people_would_miss_is_warned_of(tmp_path: Path) -> None:
    given = {
        "AIRFLOW__WORKERS__STATE_STORE_BACKEND": "my.Backend",
        "AIRFLOW__TRACES__OTEL_ON": "True",
    }
    unchanged = {
        "AIRFLOW__STATE_STORE__BACKEND": "airflow.state.metastore.MetastoreBackend",
    }
    settings = load({**given, **unchanged}, home=tmp_path)
    assert [warning.split(":")[0] for warning in settings.warnings] == sorted(given)
    assert "values stay in the database" in " ".join(settings.warnings)
    assert set(settings.ignored) == {*given, *unchanged}
