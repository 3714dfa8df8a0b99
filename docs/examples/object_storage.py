"""Files in object stores and on disk by one kind of path: a large data set, piece by piece."""

import tempfile

from airflow.sdk import ObjectStoragePath
from windward import dag, task

# In real life `s3://aws_conn@bucket/sales` or `gs://google_conn@bucket/sales`.
ROOT = ObjectStoragePath("file://" + tempfile.gettempdir()) / "windward-sales"


@dag(schedule=None)
def object_storage():
    @task
    def extract(day):
        path = ROOT / "raw" / f"{day}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:  # written as it is made: no file is ever whole in memory
            file.writelines(f"{number},{number * 3}\n" for number in range(100_000))
        return path  # the path goes to the next task, not the data

    @task
    def total(path):
        with path.open("r") as file:
            return sum(int(line.partition(",")[2]) for line in file)

    @task
    def publish(paths):
        for path in paths:
            path.copy(ROOT / "published")
        return sorted(found.name for found in (ROOT / "published").iterdir())

    @task
    def prepare():
        (ROOT / "published").mkdir(parents=True, exist_ok=True)
        return ["mon", "tue"]

    raw = extract.expand(day=prepare())
    total.expand(path=raw)
    publish(raw)


object_storage()
