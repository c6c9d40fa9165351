"""Parsers: bytes or text in, records out. They do no I/O and run on every system."""
