"""What `zone_changes.py` is made of: the time zone database, and a picture of what it says."""
