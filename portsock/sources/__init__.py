"""Everything that reads the system: netlink, /proc, psutil, files."""
