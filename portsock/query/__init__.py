"""What is asked: targets, selection, and what a source must collect for it."""
