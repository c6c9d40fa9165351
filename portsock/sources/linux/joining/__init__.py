"""Whether two TCP sockets are certainly the ends of one connection, and which far ends have another address (NAT)."""
