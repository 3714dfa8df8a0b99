"""Protocols that the engine and the components need from the outside. No implementations live here."""
