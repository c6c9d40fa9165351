"""Rules that find what is worth knowing."""
