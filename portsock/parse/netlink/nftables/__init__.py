"""The rules of nf_tables as the kernel lists them: include/uapi/linux/netfilter/nf_tables.h.

Numbers in attributes are in network order. What a rule loads, compares and stores is in the order of the machine or of the
network, as `words` and `registers` say.
"""
