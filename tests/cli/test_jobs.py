"""`windward jobs check`: which components count as alive, and as those of this machine."""

from datetime import timedelta

from tests.cli.conftest import NOW, Installation
from windward.app.process import component_name


def test_a_component_of_this_machine_is_found_by_local(installation: Installation) -> None:
    name = component_name()
    installation.store.hosts.beat_component("scheduler", name, hostname=name, pid=1, now=NOW)

    assert installation.run("jobs", "check", "--job-type", "scheduler", "--local").code == 0


def test_a_component_of_another_machine_is_not_local(installation: Installation) -> None:
    installation.store.hosts.beat_component("scheduler", "far", hostname="far", pid=1, now=NOW)

    assert installation.run("jobs", "check", "--local").code == 1
    assert installation.run("jobs", "check", "--hostname", "far").code == 0


def test_a_component_that_was_silent_for_long_is_not_alive(installation: Installation) -> None:
    then = NOW - timedelta(minutes=1)
    installation.store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=then)

    assert installation.run("jobs", "check").code == 1
