"""Rules as libnftables-json(5) writes them, into statements. The readers of text write the same objects."""
