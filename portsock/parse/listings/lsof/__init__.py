"""Listings of lsof: tables, -F fields, JSON."""
