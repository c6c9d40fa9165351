"""Listings of netstat: Linux net-tools and busybox, macOS and the BSDs, Windows."""
