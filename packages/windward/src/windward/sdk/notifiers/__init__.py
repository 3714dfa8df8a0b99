"""Notifiers: what callbacks use to tell people. One module per service; nothing is imported until it is asked for."""
