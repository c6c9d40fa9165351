"""Predicates on sockets, for the conditions of a query."""
