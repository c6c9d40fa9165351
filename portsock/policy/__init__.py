"""What may listen, and whether it does: policies as YAML text, and what they say of a snapshot."""
