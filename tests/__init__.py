"""The proof: what Windward promises, as tests.

One folder for each package under `packages/windward/src/windward`, and beside them `tidy` (the tree itself) and
`simulation` (production code in a world of faults). The names of the tests are claims; reading them gives the
specification. This file makes `tests` a package of ours, whatever else is installed under that name.
"""
