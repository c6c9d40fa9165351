"""Captured listings of many tools, into records."""
