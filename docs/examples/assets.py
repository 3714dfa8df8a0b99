"""Assets: written by tasks, waited for by DAGs, by conditions, through an alias, besides the time."""

from windward import DAG, Asset, AssetAlias, AssetOrTimeSchedule, CronTriggerTimetable, Metadata, asset, task

orders = Asset("orders", uri="s3://shop/orders.parquet")
prices = Asset("prices", uri="postgres://warehouse/shop/prices")
exports = AssetAlias("exports")

with DAG("load_orders", schedule=None):

    @task(outlets=[orders])
    def load(*, outlet_events):
        outlet_events[orders].extra["rows"] = 1200

    @task(outlets=[prices])
    def refresh():
        yield Metadata(prices, {"currency": "EUR"})

    @task(outlets=[exports])
    def export(*, outlet_events):
        for day in ("monday", "tuesday"):
            outlet_events[exports].add(Asset(uri=f"s3://shop/{day}.csv"), extra={"day": day})

    load() >> refresh() >> export()

with DAG("report", schedule=orders & prices):

    @task(inlets=[orders])
    def write(*, triggering_asset_events):
        for written, events in triggering_asset_events.items():
            print(written.uri, [event.extra for event in events])

    write()

with DAG("send_exports", schedule=exports):

    @task
    def send(*, triggering_asset_events):
        return [written.uri for written in triggering_asset_events]

    send()

with DAG(
    "check_orders",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin"), assets=[orders]
    ),
):

    @task
    def check():
        return "ok"

    check()


@asset(schedule=orders, uri="s3://shop/totals.json")
def totals(context, orders):
    return {"from": orders.uri, "by": context["run_id"]}
