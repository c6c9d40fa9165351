"""Readers of captured listings of many tools."""
