"""Listings of lsof: tables, -F fields, JSON; and of fuser."""
