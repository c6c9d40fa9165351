"""The search for network namespaces: of the whole host, by a socket in them, and of what a question names."""
