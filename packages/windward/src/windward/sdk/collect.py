"""Finding the DAGs that a module declared: in its globals, and those that registered themselves."""

from __future__ import annotations

from types import ModuleType

from windward.errors import DagImportError
from windward.sdk import scopes
from windward.sdk.dag import DAG


def collect_dags(module: ModuleType) -> list[DAG]:
    """Return the DAGs of a module that was just imported, in the order of their ids.

    These are the DAGs among its globals, and those completed by a `with` block or a `@dag` call since the last
    collection. Raises `DagImportError` when two of them have one id.
    """
    registered = scopes.take_registered()
    found = [value for value in vars(module).values() if isinstance(value, DAG)]
    by_id: dict[str, DAG] = {}
    for dag in (*found, *registered):
        if dag.partial:
            continue
        other = by_id.setdefault(dag.dag_id, dag)
        if other is not dag:
            raise DagImportError(
                f"`{module.__name__}` declares two DAGs named `{dag.dag_id}`",
                hint='DAG ids are unique. In a loop, put what changes into the id: `DAG(f"load_{table}", …)`.',
            )
    return [by_id[dag_id] for dag_id in sorted(by_id)]
