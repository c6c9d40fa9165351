"""The subcommands. Each is a module of its name, with a function `command`, imported only when it is called."""

COMMANDS = {
    "ports": "Which ports are open here, who holds them, and who can reach them.",
    "sockets": "All sockets, with their owners, queues, states and peers.",
    "procs": "What each program listens on, and what it is connected to.",
    "explain": "What a port, connection, process or state is, why, and what follows.",
}
"""Name → help."""
