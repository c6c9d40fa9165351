"""The text of 'nft list ruleset', into the objects of libnftables-json(5): nft(8)."""
