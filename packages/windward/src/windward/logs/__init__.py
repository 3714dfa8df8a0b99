"""Logs of attempts: the line format, the writers on both sides of a child, the store on local files, rendering.

No decisions and no database here. A log is a file of JSON lines below the log folder, at the path that
`windward.core.paths` gives; several processes append whole lines to it.
"""
