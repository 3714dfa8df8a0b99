"""Teams, which Airflow can divide an installation into and we do not: what names one is refused."""

from __future__ import annotations

from msgspec import UnsetType

from windward.api.contract.problem import InvalidRequest


def without_team(team_name: str | UnsetType | None) -> None:
    """Go on if no team is named.

    Raises:
        InvalidRequest: when one is.
    """
    if isinstance(team_name, str):
        raise InvalidRequest.of(
            ("body", "team_name"),
            kind="value_error",
            message="cannot be set: this installation has no teams",
            given=team_name,
        )
