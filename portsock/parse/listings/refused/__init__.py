"""Texts without a reader, which are refused by name."""
