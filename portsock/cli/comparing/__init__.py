"""What `diff` asks of both sides, and how each is read."""
