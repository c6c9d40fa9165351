"""Matches and targets of iptables-nft, which the kernel lists as the structures of x_tables.

See include/uapi/linux/netfilter/xt_*.h, netfilter_ipv4/ipt_*.h, netfilter_ipv6/ip6t_*.h. They are in the order of the machine,
except for addresses and ports, and padded to 8 bytes.
"""
