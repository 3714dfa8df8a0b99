"""The API server: HTTP over the store's reads. It never runs, imports or unpickles user code.

So far: health, version, and a page that says what runs. The REST API and the web interface have their places here.
"""

from __future__ import annotations
