"""Bytes or text in, records out. No I/O: everything here imports and runs on every system."""
