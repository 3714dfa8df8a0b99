"""Watchers, which go on and have one name for ever: told to stop and wanted again while they clean up."""

from collections.abc import Callable
from pathlib import Path

from tests.triggerer.conftest import STAYS, Place, ref_of
from windward.protocol.messages import Heartbeat
from windward.protocol.triggers import GiveBack, GivenBack, Unwatch

MakePlace = Callable[..., Place]

CLEANS_UP_WHEN_TOLD = STAYS.replace(
    'open(self.path + ".cleaned", "w").close()',
    """open(self.path + ".cleaning", "w").close()
        import os
        while not os.path.exists(self.path + ".go"):
            await asyncio.sleep(0.01)
        open(self.path + ".cleaned", "w").close()""",
)


def test_a_watcher_that_is_wanted_again_while_it_cleans_up_runs_again(make_place: MakePlace) -> None:
    place = make_place(CLEANS_UP_WHEN_TOLD)
    path = str(place.folder / "a")
    ref = place.watch("a", goes_on=True, path=path)
    place.wait(lambda: place.log("a").count("trigger started") == 1)
    place.scheduler.say(Unwatch(refs=(ref,), kills=False))
    place.wait(Path(path + ".cleaning").exists)

    place.watch("a", goes_on=True, path=path)
    place.scheduler.hear(Heartbeat)
    Path(path + ".go").touch()
    place.wait(lambda: place.log("a").count("trigger started") == 2)

    place.scheduler.drop()
    assert place.scheduler.welcome().running == (ref,)


def test_a_watcher_that_nobody_wants_any_more_does_not_run_again(make_place: MakePlace) -> None:
    place = make_place(CLEANS_UP_WHEN_TOLD)
    path = str(place.folder / "a")
    ref = place.watch("a", goes_on=True, path=path)
    place.wait(lambda: place.log("a").count("trigger started") == 1)
    place.scheduler.say(Unwatch(refs=(ref,), kills=False))
    place.wait(Path(path + ".cleaning").exists)

    place.watch("a", goes_on=True, path=path)
    place.scheduler.say(Unwatch(refs=(ref,), kills=False))
    place.scheduler.say(GiveBack(refs=(ref_of("nobody"),)))
    place.scheduler.hear(GivenBack)
    Path(path + ".go").touch()
    place.wait(Path(path + ".cleaned").exists)

    place.scheduler.drop()
    place.scheduler.welcome()
    place.watch("b", goes_on=True, path=path)
    place.wait(lambda: "trigger started" in place.log("b"))
    assert place.log("a").count("trigger started") == 1
