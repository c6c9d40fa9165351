"""The packet filter, devices and routes of network namespaces."""
