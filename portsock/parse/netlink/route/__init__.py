"""Devices, addresses, routes, routing rules and neighbours from rtnetlink(7)."""
