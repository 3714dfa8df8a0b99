"""How authors say what comes after what: `>>`, `<<`, lists on either side, `chain` and its relatives.

What lives here: the operators and functions. How a task or group stores a link is their own matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from windward.sdk.edges import EdgeModifier

LINK_HINT = "Link tasks, task groups, the results of `@task` functions, labels, or lists of them."


class RelationError(AirflowException, ValueError):
    """A link that cannot be made: an `AirflowException` as in Airflow 2, a ValueError as in Airflow 3."""


class DependencyMixin:
    """Anything that can stand on either side of `>>`."""

    @property
    def roots(self) -> Iterable[DependencyMixin]:
        """The nodes that a link into this one ends at."""
        raise NotImplementedError

    @property
    def leaves(self) -> Iterable[DependencyMixin]:
        """The nodes that a link out of this one starts at."""
        raise NotImplementedError

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other` (a node or a list of nodes) come before this one."""
        raise NotImplementedError

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other` (a node or a list of nodes) come after this one."""
        raise NotImplementedError

    def as_setup(self) -> DependencyMixin:
        """Mark as a setup."""
        raise NotImplementedError

    def as_teardown(self, **options: Any) -> DependencyMixin:
        """Mark as a teardown."""
        raise NotImplementedError

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Learn that a link to `other` was made by the other side."""

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __rrshift__(self, other: Any) -> DependencyMixin:
        self.__lshift__(other)
        return self

    def __rlshift__(self, other: Any) -> DependencyMixin:
        self.__rshift__(other)
        return self

    @classmethod
    def _iter_references(cls, obj: Any) -> Iterator[tuple[Any, str]]:
        from windward.sdk.xcom_arg import iter_references  # it needs this module

        yield from iter_references(obj)


def nodes_of(value: Any, *, what: str) -> list[DependencyMixin]:
    """Return `value`, a node or nested lists of nodes, as a flat list; raise TypeError naming anything else."""
    if isinstance(value, DependencyMixin):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
        return [node for item in value for node in nodes_of(item, what=what)]
    raise TypeError(
        f"Relationships can only be set between Operators; received {type(value).__name__} in {what}. {LINK_HINT}"
    )


def chain(*tasks: DependencyMixin | Sequence[DependencyMixin]) -> None:
    """Link each element to the next; two lists that follow each other are linked pair by pair.

    `chain(a, [b, c], [d, e], f)` makes a→b, a→c, b→d, c→e, d→f, e→f.
    """
    for up, down in pairwise(tasks):
        if isinstance(up, DependencyMixin):
            up.set_downstream(down)
            continue
        if isinstance(down, DependencyMixin):
            down.set_upstream(up)
            continue
        if not isinstance(up, Sequence) or not isinstance(down, Sequence):
            raise TypeError(
                f"Chain not supported between instances of {type(up).__name__} and {type(down).__name__}. {LINK_HINT}"
            )
        if len(up) != len(down):
            raise RelationError(
                f"Chain not supported for different length Iterable. Got {len(up)} and {len(down)}. "
                "Use `chain_linear` to link every element to every other."
            )
        for first, second in zip(up, down, strict=True):
            first.set_downstream(second)


def chain_linear(*elements: DependencyMixin | Sequence[DependencyMixin]) -> None:
    """Link every task of each element to every task of the next."""
    from windward.sdk.edges import EdgeModifier  # it needs this module

    if not elements:
        raise ValueError("`chain_linear` links at least two elements and got none")
    before: list[DependencyMixin] | None = None
    linked = False
    for element in elements:
        nodes = nodes_of(element, what="chain_linear")
        if any(isinstance(node, EdgeModifier) for node in nodes):
            raise ValueError(
                "Labels are not supported by `chain_linear`; use `chain`, or `a >> Label(…) >> b`"
            )
        if before is not None:
            for node in nodes:
                for up in before:
                    node.set_upstream(up)
                    linked = True
        before = nodes or before
    if not linked:
        raise ValueError("`chain_linear` made no link; give it at least two elements that are not empty")


def cross_downstream(
    from_tasks: Sequence[DependencyMixin], to_tasks: DependencyMixin | Sequence[DependencyMixin]
) -> None:
    """Link every task of `from_tasks` to every one of `to_tasks`."""
    for task in from_tasks:
        task.set_downstream(to_tasks)
