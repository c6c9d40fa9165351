"""All that asks the system: netlink, /proc, psutil, files."""
