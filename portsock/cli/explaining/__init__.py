"""What explain asks: what was typed, and facts from the system beyond the sockets."""
