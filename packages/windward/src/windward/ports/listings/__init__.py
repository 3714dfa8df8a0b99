"""Read models: one function for each screen or resource of the API, frozen rows, pages, filtered by permission.

What lives here: protocols and the shapes of rows. They are answered by SQL only; the scheduler reads none of them.
"""

from windward.ports.listings.all import Listings, WouldWait
from windward.ports.listings.page import Between, Page, PageRequest, Pattern

__all__ = ["Between", "Listings", "Page", "PageRequest", "Pattern", "WouldWait"]
