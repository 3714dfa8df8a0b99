"""Which way to go by the date: only the latest run, the day of the week, a window of time, any condition."""

from datetime import datetime

from windward import (
    BranchDateTimeOperator,
    BranchDayOfWeekOperator,
    EmptyOperator,
    LatestOnlyOperator,
    dag,
    task,
)


def is_scheduled(context):
    return context["dag_run"].run_type == "scheduled"


def is_first_of_month(context):
    return context["dag_run"].run_after.day == 1


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False)
def dates():
    latest = LatestOnlyOperator(task_id="only_the_latest_run")
    dashboard = EmptyOperator(task_id="refresh_dashboard")
    weekend = BranchDayOfWeekOperator(
        task_id="is_weekend",
        week_day={"Saturday", "Sunday"},
        use_task_logical_date=True,
        follow_task_ids_if_true="small_load",
        follow_task_ids_if_false="full_load",
    )
    discount = BranchDateTimeOperator(
        task_id="is_sale",
        target_lower=datetime(2026, 11, 27),
        target_upper=datetime(2026, 12, 1),
        use_task_logical_date=True,
        follow_task_ids_if_true="sale_prices",
        follow_task_ids_if_false="usual_prices",
    )

    @task.run_if(is_scheduled, "only scheduled runs tell the shop")
    @task
    def tell_the_shop():
        print("loaded")

    @task.skip_if(is_first_of_month)
    @task
    def add_up_the_day():
        return 42

    latest >> dashboard
    weekend >> [EmptyOperator(task_id="small_load"), EmptyOperator(task_id="full_load")]
    discount >> [EmptyOperator(task_id="sale_prices"), EmptyOperator(task_id="usual_prices")]
    add_up_the_day() >> tell_the_shop()


dates()
