"""One task, many instances: over a list in the file, over what a task returned, and over pairs."""

from windward import dag, task


@dag(schedule=None)
def mapping():
    @task
    def files():
        return ["a.csv", "bb.csv", "ccc.csv"]

    @task(map_index_template="{{ path }}")
    def size(path, unit):
        from windward.sdk import get_current_context

        get_current_context()["path"] = path
        return len(path), unit

    @task
    def total(sizes):
        return sum(length for length, _unit in sizes)

    @task
    def ship(box, place):
        print(f"{box} to {place}")

    total(size.partial(unit="characters").expand(path=files()))
    ship.expand_kwargs([{"box": 1, "place": "Bergen"}, {"box": 2, "place": "Oslo"}])


mapping()
