"""A DAG for each shop; a task's process makes only its own."""

from windward import DAG, get_parsing_context, task

SHOPS = ["bergen", "oslo", "tromso"]
wanted = get_parsing_context().dag_id

for shop in SHOPS:
    if wanted not in (None, f"sales_of_{shop}"):
        continue
    with DAG(f"sales_of_{shop}", schedule=None):

        @task
        def count(name):
            return len(name)

        count(shop)
