"""A first DAG: three tasks, values that pass between them, a run every day."""

from datetime import datetime

from windward import dag, task


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), tags=["first steps"])
def first_steps():
    @task
    def fetch(ds=None):
        return [{"day": ds, "amount": amount} for amount in (12, 30, 7)]

    @task
    def total(orders):
        return sum(order["amount"] for order in orders)

    @task
    def report(amount):
        print(f"sold for {amount}")

    report(total(fetch()))


first_steps()
