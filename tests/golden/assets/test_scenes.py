"""What tasks write to assets makes the same runs here as in real Airflow: of which DAGs, of which events, with which dates.

`record.py` recorded what Airflow does. Each difference that we want is named below with its reason; one that
is not there any more fails too.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.assets.replay import Dags, Stage, load_dags, settings_for
from tests.golden.assets.scenes import SCENES
from windward.settings import Settings

HERE = Path(__file__).parent
RECORDED = {
    "airflow2": json.loads((HERE / "airflow_2_11.json").read_text(encoding="utf-8"))["scenes"],
    "airflow3": json.loads((HERE / "airflow_3_3.json").read_text(encoding="utf-8"))["scenes"],
}
_ON_A = ("on_a", "on_a_or_time", "on_any")
DIFFERENCES: dict[str, dict[tuple[int, str], tuple[str, str]]] = {
    # Airflow keeps one mark for each asset and DAG, with the time of the first event since the last run, and gives
    # a run what was written until then. What came after it is left for whatever run comes next; here a run takes all.
    "burst": {
        **{(0, dag_id): ("a", "a a a") for dag_id in _ON_A},
        **{(1, dag_id): ("a a a", "a") for dag_id in _ON_A},
    },
    "two_tasks_one_asset": {(0, dag_id): ("a", "a a") for dag_id in _ON_A},
    "mapped": {(0, dag_id): ("a", "a a a") for dag_id in _ON_A},
    # In Airflow what was written while a DAG was paused counts no sooner than something else is written; here it
    # makes a run when the DAG is unpaused.
    "paused": {(1, "on_a"): ("no run", "a"), (2, "on_a"): ("a a", "a")},
    "unpaused_later": {
        (2, "on_a_and_b"): ("no run", "a a b"),
        (3, "on_a_and_b"): ("a a b b", "no run"),
    },
}
"""By scene, for both semantics: at which step and for which DAG what differs, (theirs, ours)."""
DIFFERENCES_OF: dict[tuple[str, str], dict[tuple[int, str], tuple[str, str]]] = {
    # 2.11 gives the run also what was written before the asset was known to come through the alias.
    ("airflow2", "asset_then_alias"): {
        (1, "on_alias"): ("c c", "c"),
        (1, "on_alias_list"): ("c c", "c"),
    },
}


@pytest.fixture(scope="module", params=sorted(RECORDED))
def semantics(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loaded(semantics: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Dags]:
    settings = settings_for(semantics, tmp_path_factory.mktemp("home"))
    return settings, load_dags(settings)


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_written_assets_make_the_runs_that_they_make_in_airflow(
    semantics: str, scene: str, loaded: tuple[Settings, Dags], tmp_path: Path
) -> None:
    settings, dags = loaded

    ours = Stage(dags, settings, tmp_path).play(SCENES[scene])

    named = DIFFERENCES.get(scene, {}) | DIFFERENCES_OF.get((semantics, scene), {})
    assert _different(RECORDED[semantics][scene], ours) == named


def test_every_scene_was_recorded(semantics: str) -> None:
    assert set(RECORDED[semantics]) == set(SCENES)


def _different(theirs: list[Any], ours: list[Any]) -> dict[tuple[int, str], tuple[Any, Any]]:
    found: dict[tuple[int, str], tuple[Any, Any]] = {}
    for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
        left, right = ({run["dag_id"]: run for run in runs} for runs in (one, other))
        for dag_id in sorted(left.keys() | right.keys()):
            if left.get(dag_id) == right.get(dag_id):
                continue
            words = _words(left.get(dag_id)), _words(right.get(dag_id))
            found[number, dag_id] = words if words[0] != words[1] else (left[dag_id], right[dag_id])
    return found


def _words(run: dict[str, Any] | None) -> str:
    """Return the assets that a run took events of, one word for each."""
    if run is None:
        return "no run"
    return " ".join(sorted(event["uri"].rpartition("/")[2] for event in run["events"]))
