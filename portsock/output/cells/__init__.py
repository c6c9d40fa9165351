"""Text of cells, shared by the tables."""
