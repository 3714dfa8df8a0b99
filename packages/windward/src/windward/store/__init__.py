"""Stores: where state is kept. This package imports nothing by itself: each back end costs only those who use it."""
