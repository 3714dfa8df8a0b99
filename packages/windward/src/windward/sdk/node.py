"""A vertex of the graph: what tasks and task groups have in common.

What lives here: links between nodes and walks along them. What may not: what a node does when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from windward.sdk.edges import EdgeModifier
from windward.sdk.relations import DependencyMixin, RelationError, nodes_of

if TYPE_CHECKING:
    import logging

    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup


class DAGNode(DependencyMixin):
    """A task or a task group of a DAG, with the ids of its neighbours."""

    dag: Any
    task_group: TaskGroup | None
    upstream_task_ids: set[str]
    downstream_task_ids: set[str]
    start_date: Any
    end_date: Any
    is_task: ClassVar[bool] = False
    is_setup: bool
    is_teardown: bool

    @property
    def node_id(self) -> str:
        """The full id, unique in the DAG."""
        raise NotImplementedError

    @property
    def label(self) -> str | None:
        """The id without the prefixes of the groups around."""
        group = self.task_group
        node_id = self.node_id
        if (
            group is not None
            and group.node_id
            and group.prefix_group_id
            and node_id.startswith(f"{group.node_id}.")
        ):
            return node_id[len(group.node_id) + 1 :]
        return node_id

    def has_dag(self) -> bool:
        """True when the node belongs to a DAG."""
        return self.get_dag() is not None

    def get_dag(self) -> DAG | None:
        """Return the DAG, None when there is none yet."""
        raise NotImplementedError

    @property
    def dag_id(self) -> str:
        """The id of the DAG; of a node without one, what Airflow calls it."""
        dag = self.get_dag()
        return dag.dag_id if dag is not None else "_in_memory_dag_"

    @property
    def log(self) -> logging.Logger:
        """The logger of the node's class."""
        import logging  # most nodes never log while a file is imported

        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other`, a node or a list of nodes, come before this one."""
        link(self, other, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other`, a node or a list of nodes, come after this one."""
        link(self, other, upstream=False, edge_modifier=edge_modifier)

    @property
    def upstream_list(self) -> list[Any]:
        """The tasks directly before, in the order of their ids."""
        return self._tasks_of(self.upstream_task_ids)

    @property
    def downstream_list(self) -> list[Any]:
        """The tasks directly after, in the order of their ids."""
        return self._tasks_of(self.downstream_task_ids)

    def _tasks_of(self, task_ids: Iterable[str]) -> list[Any]:
        dag = self.get_dag()
        if dag is None:
            raise RelationError(f"`{self.node_id}` does not belong to a DAG yet, so it has no neighbours")
        return [dag.get_task(task_id) for task_id in sorted(task_ids)]

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return the ids of the tasks directly before, or after."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return the tasks directly before, or after."""
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, *, upstream: bool = False, depth: int | None = None) -> set[str]:
        """Return the ids of all tasks before, or after, at most `depth` steps away."""
        dag = self.get_dag()
        if dag is None:
            return set()
        found: set[str] = set()
        edge = set(self.get_direct_relative_ids(upstream))
        while edge and (depth is None or depth > 0):
            found |= edge
            depth = None if depth is None else depth - 1
            edge = {
                relative
                for task_id in edge
                for relative in dag.task_dict[task_id].get_direct_relative_ids(upstream)
            } - found
        return found

    def get_flat_relatives(self, upstream: bool = False, depth: int | None = None) -> list[Any]:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return all tasks before, or after, at most `depth` steps away, in the order of their ids."""
        return self._tasks_of(self.get_flat_relative_ids(upstream=upstream, depth=depth))


def link(node: DAGNode, other: Any, *, upstream: bool, edge_modifier: EdgeModifier | None = None) -> None:
    """Link `node` with one or more others and with the DAG that one of them has."""
    neighbours: list[DAGNode] = []
    for item in nodes_of(other, what="`>>`" if not upstream else "`<<`"):
        node.update_relative(item, upstream, edge_modifier)
        item.update_relative(node, not upstream, edge_modifier)
        neighbours.extend(_tasks(item, first=not upstream))
    own = list(_tasks(node, first=upstream))
    if not neighbours:
        return
    dag = _shared_dag([*own, *neighbours])
    for task in (*own, *neighbours):
        if not task.has_dag():
            dag.add_task(task)
    for task in own:
        for neighbour in neighbours:
            before, after = (neighbour, task) if upstream else (task, neighbour)
            before.downstream_task_ids.add(after.node_id)
            after.upstream_task_ids.add(before.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(dag, before.node_id, after.node_id)


def _tasks(item: DependencyMixin, *, first: bool) -> Iterator[DAGNode]:
    """Yield the tasks that a link to `item` touches; a label touches none, its own link does."""
    if isinstance(item, EdgeModifier):
        return
    if isinstance(item, DAGNode) and item.is_task:
        yield item
        return
    for inner in item.roots if first else item.leaves:
        if isinstance(inner, DAGNode):
            yield inner


def _shared_dag(nodes: Sequence[DAGNode]) -> DAG:
    found: dict[int, DAG] = {}
    for node in nodes:
        dag = node.get_dag()
        if dag is not None:
            found[id(dag)] = dag
    if len(found) > 1:
        ids = ", ".join(f"`{dag.dag_id}`" for dag in found.values())
        raise RelationError(
            f"Tried to set relationships between tasks in more than one DAG: {ids}. "
            "Use a trigger or an asset to make one DAG wait for another."
        )
    if not found:
        ids = ", ".join(f"`{node.node_id}`" for node in nodes)
        raise RelationError(
            f"Tried to create relationships between tasks that don't have DAGs yet: {ids}. "
            "Set the DAG for at least one of them: `dag=`, or a `with DAG(...)` block."
        )
    return next(iter(found.values()))
