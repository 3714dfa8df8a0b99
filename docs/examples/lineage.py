"""A hook that tells what it writes, and a task that reads what its hooks told."""

from airflow.sdk import BaseHook
from airflow.sdk.lineage import get_hook_lineage_collector
from windward import dag, task


class ShelfHook(BaseHook):
    """Writes to a shelf."""

    def write(self, name):
        """Write, and tell of it."""
        get_hook_lineage_collector().add_output_asset(context=self, uri=f"shelf://store/{name}")


@dag(schedule=None)
def lineage():
    @task
    def load():
        hook = ShelfHook()
        for name in ("orders", "orders", "customers"):
            hook.write(name)
        return {one.asset.uri: one.count for one in get_hook_lineage_collector().collected_assets.outputs}

    @task
    def check(written):
        assert written == {"shelf://store/orders": 2, "shelf://store/customers": 1}

    check(load())


lineage()
