"""Parsers of messages from Linux's sock_diag netlink interface."""
