"""The composition root: settings, store and components put together. No decisions live here."""
