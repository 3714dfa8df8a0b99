"""What the client looks at: values, groups, mapped tasks, second tries, links, assets."""

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    AssetAlias,
    BaseOperator,
    BaseOperatorLink,
    Param,
    get_current_context,
    task,
    task_group,
)

START = datetime(2026, 1, 1)
ORDERS = Asset("orders", uri="s3://shop/orders", extra={"owner": "sales"})
CUSTOMERS = Asset("customers", uri="s3://shop/customers")


class Report(BaseOperatorLink):
    name = "Report"

    def get_link(self, operator, *, ti_key):
        return f"https://reports.test/{ti_key.run_id}"


class Reporting(BaseOperator):
    operator_extra_links = (Report(),)

    def execute(self, context):
        return "reported"


with DAG(
    "shop",
    schedule=None,
    start_date=START,
    tags=["sales", "daily"],
    doc_md="# The shop",
    params={"region": Param("north", type="string")},
    owner_links={"airflow": "https://team.test"},
) as shop:

    @task(outlets=[ORDERS])
    def extract(outlet_events=None):
        outlet_events[ORDERS].extra = {"rows": 3}
        print("three orders")
        return [1, 2, 3]

    @task_group
    def work(numbers):
        @task
        def double(number):
            return number * 2

        return double.expand(number=numbers)

    @task(retries=1, retry_delay=0.1)
    def flaky():
        if get_current_context()["ti"].try_number == 1:
            raise RuntimeError("not the first time")

    numbers = extract()
    [work(numbers), flaky(), Reporting(task_id="report")] >> EmptyOperator(task_id="done")

with DAG("follower", schedule=[ORDERS], start_date=START):
    EmptyOperator(task_id="follow")

with DAG("waiting", schedule=[ORDERS, CUSTOMERS], start_date=START):
    EmptyOperator(task_id="wait")

with DAG("naming", schedule=None, start_date=START):

    @task(outlets=[AssetAlias("fresh")])
    def name(outlet_events=None):
        outlet_events[AssetAlias("fresh")].add(CUSTOMERS)

    name()

with DAG("nightly", schedule="@daily", start_date=START, catchup=False, is_paused_upon_creation=True):
    EmptyOperator(task_id="look", pool="no_such_pool")
