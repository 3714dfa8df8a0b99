"""Plugins of installed packages are found by what the packages declare, and only then is the large library imported."""

import sys
from pathlib import Path

import pytest

from windward.sdk import extensions

DECLARED = "[{group}]\nours = tests_plugins:Ours\n"


@pytest.mark.parametrize("group", [extensions.PLUGIN_GROUP, extensions.POLICY_GROUP])
def test_a_package_that_declares_the_group_is_found(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ours-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(DECLARED.format(group=group))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    extensions.configure(extensions.Places())

    found = extensions.look_up()

    extensions.configure(extensions.Places())
    points = found.plugin_points if group == extensions.PLUGIN_GROUP else found.policy_points
    assert [(point.name, point.value) for point in points] == [("ours", "tests_plugins:Ours")]
    assert len(found.plugin_points) + len(found.policy_points) == 1


def test_where_no_package_declares_one_nothing_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    extensions.configure(extensions.Places())

    found = extensions.look_up()

    extensions.configure(extensions.Places())
    assert found.plugin_points == found.policy_points == ()
