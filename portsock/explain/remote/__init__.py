"""The way from this host to an endpoint of another one: what leads there, what is in the way, what an attempt met with."""
