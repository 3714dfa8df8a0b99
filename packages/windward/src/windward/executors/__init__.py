"""Ways to get attempts to worker hosts. No executor imports another; none speaks SQL."""
