"""The base of branching operators, under the name by which it is imported."""

from __future__ import annotations

from windward.sdk.skip import BaseBranchOperator, BranchMixIn

__all__ = ["BaseBranchOperator", "BranchMixIn"]
