"""The text of iptables-save and ip6tables-save: iptables(8), iptables-extensions(8)."""
