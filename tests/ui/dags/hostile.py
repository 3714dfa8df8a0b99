"""A DAG all of whose texts would be a script, if any page took them for more than text."""

from airflow.sdk import DAG, Param, task

IMAGE = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>'
LINK = "[press](javascript:window.hit=1) <a href='javascript:window.hit=1'>here</a>"

with DAG(
    "hostile",
    dag_display_name=f"Display {IMAGE}",
    description=f"Description {IMAGE}",
    doc_md=f"# Title {IMAGE}\n\n{LINK}\n\n```\n{IMAGE}\n```",
    schedule=None,
    tags=[f"tag {IMAGE}"[:90]],
    default_args={"owner": f"owner {IMAGE}"},
    params={"text": Param(f"value {IMAGE}", title=f"Title {IMAGE}", description_md=f"{IMAGE} {LINK}")},
):

    @task(task_display_name=f"Task {IMAGE}", doc_md=f"{IMAGE} {LINK}")
    def speak() -> dict[str, str]:
        print(f"log line {IMAGE}")
        print(f"::group::{IMAGE}")
        print("\x1b]8;;javascript:window.hit=1\x1b\\press\x1b]8;;\x1b\\ \x1b[31mred\x1b[0m")
        print("::endgroup::")
        return {f"key {IMAGE}": f"xcom {IMAGE}", "link": "javascript:window.hit=1"}

    @task
    def fall() -> None:
        raise RuntimeError(f"failure {IMAGE}")

    speak() >> fall()
