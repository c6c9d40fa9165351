"""The short answer: its first line, and the few rows below that a reader can act on."""
