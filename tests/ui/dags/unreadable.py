"""A file that cannot be read."""

raise RuntimeError("<img src=x onerror=window.hit=1> no such oven")
