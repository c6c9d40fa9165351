"""Messages of Linux's sock_diag netlink interface, into records."""
