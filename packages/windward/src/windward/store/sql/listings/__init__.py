"""Read models on a database: one module for each resource, over shared pages and filters.

What lives here: queries and the frozen rows that they make. What may not: writes, and anything the scheduler needs.
"""

from windward.store.sql.listings.all import SqlListings

__all__ = ["SqlListings"]
