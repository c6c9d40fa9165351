"""Linux: netlink, /proc, BPF, network namespaces."""
