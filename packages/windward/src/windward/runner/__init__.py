"""The worker: one host process per machine, template processes that imported a DAG file, children that run attempts.

User code runs in templates (importing) and children (running), never in the host. Nothing here knows the
database; all that is known of the world comes by messages.
"""
