"""Assets that files declare, and those of other files that share their name or URI without being the same.

An asset is a dependency of each file that declares it (`asset:…`). Its hash tells of its rivals, so that a file is
parsed again, and its warnings made anew, when one comes or goes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from windward.document import DagDocument
from windward.processor.fingerprint import ABSENT, hash_bytes

ASSET = "asset:"


class AssetName(NamedTuple):
    """What tells an asset from others."""

    name: str
    uri: str

    def __str__(self) -> str:
        return f"`{self.name}` (`{self.uri}`)"


def dependency_of(asset: AssetName) -> str:
    """Return the dependency that declaring an asset makes."""
    return ASSET + json.dumps(asset)


def assets_in(documents: Iterable[DagDocument]) -> set[AssetName]:
    """Return what DAGs declare."""
    return {AssetName(asset.name, asset.uri) for document in documents for asset in document.assets}


def _asset_of(dependency: str) -> AssetName:
    return AssetName(*json.loads(dependency.removeprefix(ASSET)))


class AssetClaims:
    """Which files declare which assets."""

    def __init__(self) -> None:
        self._files: defaultdict[AssetName, set[str]] = defaultdict(set)
        self._by_name: defaultdict[str, set[AssetName]] = defaultdict(set)
        self._by_uri: defaultdict[str, set[AssetName]] = defaultdict(set)

    def put(self, fileloc: str, assets: Iterable[AssetName]) -> None:
        """Note that a file declares these."""
        for asset in assets:
            self._files[asset].add(fileloc)
            self._by_name[asset.name].add(asset)
            self._by_uri[asset.uri].add(asset)

    def put_dependencies(self, fileloc: str, dependencies: Iterable[str]) -> None:
        """Note what a file declares, by its dependencies."""
        self.put(fileloc, (_asset_of(name) for name in dependencies if name.startswith(ASSET)))

    def forget(self, fileloc: str, dependencies: Iterable[str]) -> None:
        """Note that a file that had these dependencies declares nothing any more."""
        for asset in [_asset_of(name) for name in dependencies if name.startswith(ASSET)]:
            self._files[asset].discard(fileloc)
            if not self._files[asset]:
                del self._files[asset]
                self._by_name[asset.name].discard(asset)
                self._by_uri[asset.uri].discard(asset)

    def rivals(self, asset: AssetName) -> list[AssetName]:
        """Return other assets with the same name or the same URI, sorted."""
        return sorted((self._by_name[asset.name] | self._by_uri[asset.uri]) - {asset})

    def hash_of(self, dependency: str) -> str:
        """Return a hash of an asset's rivals and of the files that declare them."""
        rivals = [(rival, sorted(self._files[rival])) for rival in self.rivals(_asset_of(dependency))]
        return hash_bytes(json.dumps(rivals).encode()) if rivals else ABSENT

    def warnings_of(self, fileloc: str, documents: Iterable[DagDocument]) -> list[str]:
        """Return a warning for each asset of a file that has rivals in another file, or in another DAG of this one."""
        documents = list(documents)
        found = []
        for asset in sorted(assets_in(documents)):
            for rival in self.rivals(asset):
                elsewhere = sorted(self._files[rival] - {fileloc})
                is_told = any({asset, rival} <= assets_in([document]) for document in documents)
                if is_told and not elsewhere:
                    continue  # The DAG itself has this warning.
                what = "name" if rival.name == asset.name else "URI"
                where = ", ".join(f"`{other}`" for other in elsewhere) or "this file too"
                found.append(
                    f"asset {asset} has the {what} of asset {rival}, which is declared in {where}: "
                    f"they are different assets, and what waits for the one does not see the other; give both the same "
                    f"name and URI, or one of them another {what}"
                )
        return found
