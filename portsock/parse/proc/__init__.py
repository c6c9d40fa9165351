"""Parsers of files in Linux's /proc."""
