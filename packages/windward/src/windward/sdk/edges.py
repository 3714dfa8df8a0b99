"""Labels on edges: `a >> Label("yes") >> b`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from windward.sdk.relations import DependencyMixin, nodes_of

if TYPE_CHECKING:
    from windward.sdk.dag import DAG


class EdgeModifier(DependencyMixin):
    """What stands between the two sides of a link. Once both are known, they are linked and the edge is labelled."""

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[DependencyMixin] = []
        self._downstream: list[DependencyMixin] = []
        self._linked: set[tuple[int, int]] = set()

    @property
    def roots(self) -> list[DependencyMixin]:
        """What comes after the label."""
        return self._downstream

    @property
    def leaves(self) -> list[DependencyMixin]:
        """What comes before the label."""
        return self._upstream

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Note what comes before."""
        del edge_modifier
        self._upstream.extend(_plain_nodes(other))
        self._link()

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Note what comes after."""
        del edge_modifier
        self._downstream.extend(_plain_nodes(other))
        self._link()

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Learn one side from the other's `set_upstream` or `set_downstream`."""
        del edge_modifier
        if upstream:
            self.set_upstream(other)
        else:
            self.set_downstream(other)

    def add_edge_info(self, dag: DAG, upstream_id: str, downstream_id: str) -> None:
        """Put the label on an edge of `dag`."""
        dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})

    def _link(self) -> None:
        for up in list(self._upstream):
            for down in list(self._downstream):
                if (id(up), id(down)) not in self._linked:
                    self._linked.add((id(up), id(down)))
                    up.set_downstream(down, edge_modifier=self)


def Label(label: str) -> EdgeModifier:  # noqa: N802 - Airflow's name
    """Make the label of an edge, to stand between two tasks."""
    return EdgeModifier(label)


def _plain_nodes(value: Any) -> Iterator[DependencyMixin]:
    for node in nodes_of(value, what="a label"):
        if isinstance(node, EdgeModifier):
            raise TypeError("a label cannot follow a label; put a task between them")
        yield node
