"""Devices, addresses, routes and neighbours of a network namespace, by rtnetlink(7)."""
