"""What people do in the browser: real pages in a real Chromium, against a real server that runs real DAGs.

The steps stand in `ui/tests/flows.ts`. Any error of the page's, any breach of its security policy, any serious finding
of axe and any script of a hostile DAG that ran fails the test.
"""

from pathlib import Path

import pytest

from tests.ui import serving, tools


@pytest.mark.slow
@pytest.mark.time_limit(300)
def test_people_can_do_their_work_in_the_browser(tmp_path: Path) -> None:
    tools.chromium()
    tools.require_node()
    tools.build()
    with serving.serving(tmp_path / "home") as server:
        said = tools.run("node", "tests/flows.ts", env=server.environ())
    assert "all flows went through" in said, said
