"""Values between tasks: objects of your own, values too large for a database row, and names of your own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from windward import dag, task


@dataclass(frozen=True)
class Invoice:
    """A class of the DAG file."""

    number: int
    total: Decimal
    at: datetime


class Parser:
    """A class that neither JSON nor tags know."""

    def __init__(self, pattern):
        self.pattern = pattern

    def fields(self, text):
        """Return the parts of a line."""
        return text.split(self.pattern)


@dag(schedule=None)
def xcom():
    @task
    def make(ti=None):
        ti.xcom_push(key="source", value="till 4")
        return Invoice(number=7, total=Decimal("19.90"), at=datetime(2026, 3, 2, tzinfo=UTC))

    @task
    def make_parser():
        return Parser(";")

    @task
    def make_large():
        return {"rows": list(range(50_000))}

    @task
    def use(invoice, parser, large, ti=None):
        assert invoice.total + 1 == Decimal("20.90")
        assert parser.fields("a;b") == ["a", "b"]
        assert len(large["rows"]) == 50_000
        assert ti.xcom_pull(task_ids="make", key="source") == "till 4"

    use(make(), make_parser(), make_large())


xcom()
