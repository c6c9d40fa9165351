"""The bind verdict: whether a program could bind an address and port now, and what is in the way."""
