"""Task groups: prefixes of ids, default arguments, and links that mean all first or last tasks of the group.

Mapped groups are declared here; what they expand over is in `expand_input`. The decorator is in `group_decorator`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from windward.model.ids import check_key
from windward.sdk import scopes
from windward.sdk.exceptions import DuplicateTaskIdFound, TaskAlreadyInTaskGroup
from windward.sdk.node import DAGNode
from windward.sdk.relations import DependencyMixin, RelationError

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.edges import EdgeModifier
    from windward.sdk.expand_input import ExpandInput

UI_COLOR = "CornflowerBlue"
UI_FGCOLOR = "#000"


class TaskGroup(DAGNode):
    """A named part of a DAG: `with TaskGroup("extract"): ...`.

    The ids of its members begin with the group's id, unless `prefix_group_id` is false.
    """

    is_mapped: ClassVar[bool] = False

    def __init__(
        self,
        group_id: str | None = None,
        prefix_group_id: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: dict[str, Any] | None = None,
        tooltip: str = "",
        ui_color: str = UI_COLOR,
        ui_fgcolor: str = UI_FGCOLOR,
        add_suffix_on_collision: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        *,
        group_display_name: str = "",
        doc_md: str | None = None,
    ) -> None:
        self.prefix_group_id = prefix_group_id
        self.group_display_name = group_display_name
        self.tooltip = tooltip
        self.doc_md = doc_md
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.default_args: dict[str, Any] = copy.copy(default_args) if default_args else {}
        self.children: dict[str, DAGNode] = {}
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()
        self.upstream_group_ids: set[str | None] = set()
        self.downstream_group_ids: set[str | None] = set()
        self.neighbours: dict[bool, list[DependencyMixin]] = {True: [], False: []}
        self.parent_group: TaskGroup | None = None
        self.used_group_ids: set[str | None] = set()
        self._group_id: str | None = None
        if group_id is None:
            self.dag = dag
            return
        self._join(group_id, parent_group, dag, add_suffix=add_suffix_on_collision)

    def _join(self, group_id: str, parent: TaskGroup | None, dag: DAG | None, *, add_suffix: bool) -> None:
        check_key(group_id, what="task group id")
        if parent is None:
            parent = scopes.current_group(dag)
        if parent is None:
            raise RuntimeError(
                f"TaskGroup `{group_id}` can only be used inside a dag: open `with DAG(...)`, or give `dag=`"
            )
        self.parent_group = parent
        self.dag = dag if dag is not None else parent.dag
        self.default_args = {**parent.default_args, **self.default_args}
        self.used_group_ids = parent.used_group_ids
        self._group_id = self._free_id(parent.child_id(group_id), add_suffix=add_suffix)
        self.used_group_ids |= {self._group_id, self.upstream_join_id, self.downstream_join_id}
        parent.add(self)

    def _free_id(self, wanted: str, *, add_suffix: bool) -> str:
        taken = self.used_group_ids
        if wanted not in taken and wanted not in self.dag.task_dict:
            return wanted
        if not add_suffix:
            raise DuplicateTaskIdFound(
                f"group_id `{wanted}` has already been added to the DAG `{self.dag.dag_id}`",
                hint="Rename the group, or build it with `add_suffix_on_collision=True`.",
            )
        base = re.split(r"__\d+$", wanted)[0]
        number = 1
        while f"{base}__{number}" in taken:
            number += 1
        return f"{base}__{number}"

    @classmethod
    def create_root(cls, dag: DAG) -> TaskGroup:
        """Return the group without an id that holds the whole DAG."""
        return cls(dag=dag)

    def get_dag(self) -> DAG | None:
        """Return the DAG."""
        return self.dag  # type: ignore[no-any-return]

    @property
    def task_group(self) -> TaskGroup | None:  # type: ignore[override]
        """The group around this one."""
        return self.parent_group

    @property
    def is_root(self) -> bool:
        """True for the group without an id that holds the whole DAG."""
        return not self._group_id

    @property
    def group_id(self) -> str | None:
        """The full id, None for the root group."""
        return self._group_id

    @property
    def node_id(self) -> str:
        """The full id, empty for the root group."""
        return self._group_id or ""

    @property
    def label(self) -> str | None:
        """The id without the prefixes of the groups around."""
        return self.group_display_name or super().label

    @property
    def upstream_join_id(self) -> str:
        """The id under which graph views draw the way into the group."""
        return f"{self.node_id}.upstream_join_id" if self.node_id else "upstream_join_id"

    @property
    def downstream_join_id(self) -> str:
        """The id under which graph views draw the way out of the group."""
        return f"{self.node_id}.downstream_join_id" if self.node_id else "downstream_join_id"

    def child_id(self, label: str) -> str:
        """Return the full id of a member."""
        return f"{self._group_id}.{label}" if self.prefix_group_id and self._group_id else label

    def add(self, node: DAGNode) -> DAGNode:
        """Make a task or group a member; raise when its id is taken, or when it is a member elsewhere."""
        existing = node.task_group
        if existing is not None and existing is not self:
            raise TaskAlreadyInTaskGroup(node.node_id, existing.node_id or None, self.node_id)
        key = node.node_id
        if key in self.children:
            kind = "task" if self.children[key].is_task else "group"
            raise DuplicateTaskIdFound(
                f"{kind} id `{key}` has already been added to the DAG",
                hint="Ids are unique within a DAG. Rename one, or put it in a task group.",
            )
        if (
            isinstance(node, TaskGroup)
            and node.children
            and self.dag is not None
            and node.dag is not self.dag
        ):
            raise RelationError(f"task group `{key}` belongs to another DAG")
        self.children[key] = node
        return node

    def __enter__(self) -> Self:
        scopes.push_group(self)
        return self

    def __exit__(self, *_exception: object) -> None:
        scopes.pop_group()

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Note a neighbour of the group as a whole."""
        del edge_modifier
        self.neighbours[upstream].append(other)
        tasks, groups = (
            (self.upstream_task_ids, self.upstream_group_ids)
            if upstream
            else (self.downstream_task_ids, self.downstream_group_ids)
        )
        for node in [other] if isinstance(other, DAGNode) else (other.leaves if upstream else other.roots):
            if isinstance(node, TaskGroup):
                groups.add(node.group_id)
            elif isinstance(node, DAGNode):
                tasks.add(node.node_id)

    @property
    def roots(self) -> list[DAGNode]:
        """The members that wait for no other member; of an empty group, what comes after it."""
        return self.get_roots()

    @property
    def leaves(self) -> list[DAGNode]:
        """The members that no other member waits for; of an empty group, what comes before it."""
        return self.get_leaves()

    def get_roots(self) -> list[DAGNode]:
        """Return the tasks of the group that wait for no other of it."""
        tasks = list(self.iter_tasks())
        ids = {task.node_id for task in tasks}
        if not tasks:
            return [
                task for node in self.neighbours[False] for task in node.roots if isinstance(task, DAGNode)
            ]
        return [task for task in tasks if not task.upstream_task_ids & ids]

    def get_leaves(self) -> list[DAGNode]:
        """Return the last tasks of the group. A teardown does not hold up what follows: its upstreams are last."""
        tasks = list(self.iter_tasks())
        if not tasks:
            return [
                task for node in self.neighbours[True] for task in node.leaves if isinstance(task, DAGNode)
            ]
        by_id = {task.node_id: task for task in tasks}
        found: dict[str, DAGNode] = {}
        pending = [task for task in tasks if not task.downstream_task_ids & by_id.keys()]
        seen: set[str] = set()
        while pending:
            task = pending.pop(0)
            if task.node_id in seen:
                continue
            seen.add(task.node_id)
            if not task.is_teardown:
                found[task.node_id] = task
                continue
            pending += [
                by_id[up] for up in sorted(task.upstream_task_ids & by_id.keys()) if not by_id[up].is_setup
            ]
        return list(found.values())

    def iter_tasks(self) -> Iterator[Any]:
        """Yield the tasks of the group and of the groups in it."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child.iter_tasks()
            else:
                yield child

    def iter_groups(self) -> Iterator[TaskGroup]:
        """Yield the groups in this one, outer ones first."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield child
                yield from child.iter_groups()

    def iter_mapped_task_groups(self) -> Iterator[MappedTaskGroup]:
        """Yield the mapped groups around, this one first."""
        group: TaskGroup | None = self
        while group is not None:
            if isinstance(group, MappedTaskGroup):
                yield group
            group = group.parent_group

    def get_closest_mapped_task_group(self) -> MappedTaskGroup | None:
        """Return the innermost mapped group around, or this one."""
        return next(self.iter_mapped_task_groups(), None)

    def has_task(self, task: DAGNode) -> bool:
        """True when the task is in this group or in one within."""
        return any(task is member for member in self.iter_tasks())

    def get_task_group_dict(self) -> dict[str | None, TaskGroup]:
        """Return this group and all within by full id."""
        return {self.group_id: self, **{group.group_id: group for group in self.iter_groups()}}

    def get_child_by_label(self, label: str) -> DAGNode:
        """Return a member by its id without prefix."""
        return self.children[self.child_id(label)]

    def hierarchical_alphabetical_sort(self) -> list[DAGNode]:
        """Return the members, groups first, in the order of their ids."""
        return sorted(self.children.values(), key=lambda node: (node.is_task, node.node_id))

    def topological_sort(self) -> list[DAGNode]:
        """Return the members so that each stands after those it waits for."""
        from windward.sdk.graph import sort_members  # it walks groups

        return sort_members(self)

    def as_setup(self) -> TaskGroup:
        """Mark every task as a setup."""
        for task in list(self.iter_tasks()):
            task.as_setup()
        return self

    def as_teardown(self, **options: Any) -> TaskGroup:
        """Mark every task as a teardown."""
        for task in list(self.iter_tasks()):
            task.as_teardown(**options)
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.node_id or 'root'}>"


class MappedTaskGroup(TaskGroup):
    """A group with as many instances as its expansion says; the declaration of one instance is its body."""

    is_mapped: ClassVar[bool] = True

    def __init__(self, *, expand_input: ExpandInput, **arguments: Any) -> None:
        self.expand_input = expand_input
        super().__init__(**arguments)
        outer = self.parent_group.get_closest_mapped_task_group() if self.parent_group else None
        if outer is not None:
            raise NotImplementedError(
                f"task group `{self.group_id}` is expanded inside the expanded group `{outer.group_id}`: "
                "task group expansion in an expanded task group is not yet supported"
            )

    def __exit__(self, *exception: object) -> None:
        from windward.sdk.expand_input import note_sources  # few files map groups

        note_sources(self.expand_input, self.node_id)
        for operator, _ in self.expand_input.iter_references():
            self.set_upstream(operator)
        super().__exit__(*exception)
