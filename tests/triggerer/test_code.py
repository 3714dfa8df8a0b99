"""Which code a trigger runs: that of its module as it is now."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.triggerer.conftest import SAYS, Place
from windward.protocol.fired import Event
from windward.sdk import serde
from windward.triggerer.code import TriggerCode

MakePlace = Callable[..., Place]


def test_code_that_changes_while_it_is_imported_is_imported_again(make_place: MakePlace) -> None:
    place = make_place("")
    place.code(SAYS.replace('"word": self.word, "task"', '"new": self.word, "task"'))
    module = place.folder / f"{place.module}.py"
    module.rename(place.folder / "next.txt")
    place.code(SAYS)
    with module.open("a") as file:
        file.write("\nimport os, shutil\nshutil.copy(os.path.dirname(__file__) + '/next.txt', __file__)\n")
    place.watch("a", word="x")
    place.word()

    place.watch("b", word="x")

    word = place.word()
    assert isinstance(word, Event)
    assert serde.decode(word.payload) == {"new": "x", "task": "b"}


def test_code_is_run_as_it_is_when_neither_its_time_nor_its_size_tells(
    make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    place = make_place("")
    module = place.folder / f"{place.module}.py"
    found = []
    for name, word in [("a", "one"), ("b", "two")]:
        place.code(SAYS.replace('"word": self.word', f'"word": "{word}"'))
        os.utime(module, (1_700_000_000, 1_700_000_000))
        place.watch(name, word="")
        said = place.word()
        assert isinstance(said, Event)
        found.append(serde.decode(said.payload)["word"])
    assert found == ["one", "two"]


def test_triggers_that_come_together_have_one_class_however_new_its_file_is(tmp_path: Path) -> None:
    (tmp_path / "just_saved_triggers.py").write_text("class Trigger: pass")
    code = TriggerCode((tmp_path,))
    assert code.load("just_saved_triggers.Trigger") is code.load("just_saved_triggers.Trigger")
