"""Listings of ss (iproute2)."""
