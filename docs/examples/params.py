"""Params: what a run may be given, with a JSON schema each."""

from windward import Param, dag, task


@dag(
    schedule=None,
    params={
        "country": Param("NO", type="string", enum=["NO", "SE", "DK"], description="where to look"),
        "limit": Param(10, type="integer", minimum=1, maximum=1000),
        "dry_run": True,
    },
)
def params():
    @task
    def look(params=None):
        print(f"{params['country']}: at most {params['limit']}")
        return params["dry_run"]

    look()


params()
