"""A Snapshot into rows and columns."""
