"""What people wish, carried out: load, let the core decide, apply, and tell the scheduler. Used by command line and API.

What lives here: one module for each thing that people change. What may not: output, requests, permissions.
"""
