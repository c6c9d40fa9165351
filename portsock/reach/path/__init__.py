"""Where a packet goes: devices, routes, hooks."""
