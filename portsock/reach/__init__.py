"""What the packet filter does with the first packet of a connection."""
