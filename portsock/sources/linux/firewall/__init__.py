"""What lets packets through, sends them elsewhere, or stops them: packet filter rules, routes, neighbours."""
