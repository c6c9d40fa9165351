"""What the fast ways of the readers share, and the fast way of portsock's own rows."""
