"""What people do in the browser: real pages in a real Chromium, against a real server that runs real DAGs.

The steps stand in `ui/tests/flows.ts` (looking), `ui/tests/closer.ts` (looking closely), `ui/tests/addresses.ts` (what
is in the address), `ui/tests/work.ts` (changing) and `ui/tests/many.ts` (changing many at once). Any error of the
page's, any breach of its security policy, any serious finding of axe and any script of a hostile DAG that ran fails the
test.
"""

from collections.abc import Iterator

import pytest

from tests.ui import serving, tools

pytestmark = [pytest.mark.slow, pytest.mark.time_limit(700)]
FLOWS_S_MAX = 600
"""Some of the flows load each page several times, and a step that fails takes a minute to say so."""
PROBLEMS_CHARS_MAX = 4000
PROBLEM = "- "
"""How a line begins that says what went wrong."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Server]:
    tools.chromium()
    tools.require_node()
    tools.build()
    with serving.serving(tmp_path_factory.mktemp("ui") / "home") as running:
        yield running


@pytest.mark.parametrize("flows", ["flows", "work", "many", "addresses", "closer", "korean", "notices"])
def test_people_can_do_their_work_in_the_browser(server: serving.Server, flows: str) -> None:
    done = tools.do("node", f"tests/{flows}.ts", env=server.environ(), timeout_s=FLOWS_S_MAX)
    if done.returncode != 0 or "all flows went through" not in done.stdout:
        # The problems alone, the first of them in the first line, which pytest repeats at its end.
        problems = done.stdout.partition(f"\n{PROBLEM}")[2] or done.stdout
        pytest.fail(problems[:PROBLEMS_CHARS_MAX], pytrace=False)
