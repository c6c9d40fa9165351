"""Names of containers, and the destinations of their port forwarders."""
