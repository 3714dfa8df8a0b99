"""Airflow's exceptions have Airflow's bases, and Windward's where both have one."""

import pickle

import pytest

from windward import errors
from windward.sdk import exceptions

BASES = {
    "AirflowException": Exception,
    "AirflowSkipException": exceptions.AirflowException,
    "AirflowFailException": exceptions.AirflowException,
    "AirflowSensorTimeout": exceptions.AirflowException,
    "AirflowRescheduleException": exceptions.AirflowException,
    "DownstreamTasksSkipped": exceptions.AirflowException,
    "DagRunTriggerException": exceptions.AirflowException,
    "AirflowTaskTimeout": BaseException,
    "AirflowTaskTerminated": BaseException,
    "TaskDeferred": BaseException,
    "TaskNotFound": exceptions.AirflowNotFoundException,
    "DagNotFound": exceptions.AirflowNotFoundException,
    "DagRunAlreadyExists": exceptions.AirflowBadRequest,
    "UnmappableXComTypePushed": TypeError,
    "UnmappableXComLengthPushed": ValueError,
    "XComForMappingNotPushed": TypeError,
    "RemovedInAirflow3Warning": DeprecationWarning,
}


@pytest.mark.parametrize("name", BASES)
def test_an_exception_has_airflows_base(name: str) -> None:
    assert issubclass(getattr(exceptions, name), BASES[name])


@pytest.mark.parametrize(
    "name", ["UnmappableXComTypePushed", "UnmappableXComLengthPushed", "XComForMappingNotPushed"]
)
def test_what_3_made_a_plain_error_is_still_an_airflow_exception(name: str) -> None:
    assert issubclass(getattr(exceptions, name), exceptions.AirflowException)


@pytest.mark.parametrize("name", ["AirflowTaskTimeout", "AirflowTaskTerminated", "TaskDeferred"])
def test_user_code_that_catches_exceptions_does_not_eat_a_signal(name: str) -> None:
    assert not issubclass(getattr(exceptions, name), Exception)


@pytest.mark.parametrize(
    ("ours", "airflows"),
    [
        (errors.DuplicateTaskError, exceptions.DuplicateTaskIdFound),
        (errors.DagCycleError, exceptions.AirflowDagCycleException),
        (errors.UnknownTaskError, exceptions.TaskNotFound),
        (errors.InvalidParamError, exceptions.ParamValidationError),
        (errors.InvalidCronError, exceptions.AirflowTimetableInvalid),
        (errors.SettingsError, exceptions.AirflowConfigException),
        (errors.NotFoundError, exceptions.AirflowNotFoundException),
    ],
)
def test_one_error_is_caught_by_both_names(ours: type[Exception], airflows: type[Exception]) -> None:
    with pytest.raises(ours, match="what"):
        raise airflows("what")


def test_a_hint_follows_the_message_and_both_survive_a_pickle() -> None:
    error = exceptions.DuplicateTaskIdFound("two tasks named `a`", hint="Rename one.")
    again = pickle.loads(pickle.dumps(error))
    assert str(error) == str(again) == "two tasks named `a`\n\nhint: Rename one."
