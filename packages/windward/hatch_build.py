"""Puts the web interface into the wheel: builds it when it is not built and can be, and says so when it is missing.

An editable installation never builds: `make run` does, when something changed. `WINDWARD_SKIP_UI=1` leaves it out of
what was not built. A source distribution carries what was built, because it has no `ui/` to build from.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "src/windward/api/static"
PAGE = f"{STATIC}/index.html"


class WebInterfaceHook(BuildHookInterface[Any]):
    """The hook that hatchling finds in this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build where that is due, and name what was built as a part of the distribution."""
        if version == "editable":
            return
        root = Path(self.root)
        script = root.parent.parent / "ui" / "build.sh"
        if os.environ.get("WINDWARD_SKIP_UI") != "1" and script.is_file():
            self._build(script)
        if (root / PAGE).is_file():
            build_data["artifacts"].append(f"/{STATIC}/**")
        else:
            self.app.display_warning("the web interface is not built: the server will show the plain page")

    def _build(self, script: Path) -> None:
        """Build it, or bring it up to date; without a Node what was built before stays."""
        environ = {**os.environ, "WINDWARD_PYTHON": sys.executable}
        if subprocess.run(["bash", str(script)], env=environ, check=False).returncode != 0:  # noqa: S607
            self.app.display_warning("the web interface could not be built anew")
