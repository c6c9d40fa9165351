"""Questions: targets and filters, what must be collected for them, and which sockets answer."""
