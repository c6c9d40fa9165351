"""The subcommands. Each is a module of its name, with a function `command`, imported only when it is called."""

COMMANDS = {
    "ports": "Which ports are open here, who holds them, and who can reach them.",
    "sockets": "All sockets, with their owners, queues, states and peers.",
    "procs": "What each program listens on, and what it is connected to.",
    "explain": "What a port, connection, process or state is, why, and what follows.",
    "diff": "What opened, closed or changed hands since a capture was made.",
    "check": "Whether what listens here is what a policy allows.",
}
"""Name → help."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "ports": (
        ("portsock ports -l", "what is open here, and to whom"),
        ("portsock ports 8080", "who has port 8080"),
        ("portsock ports -l --pids 8080 | xargs kill", "stop the listener"),
    ),
    "sockets": (
        ("portsock sockets --established proc:nginx", "connections of nginx"),
        ("portsock sockets --state close-wait --json", "connections left unclosed"),
        ("ssh web1 ss -tanp | portsock sockets --from -", "another machine's listing"),
    ),
    "procs": (
        ("portsock procs --established", "programs and their connections"),
        ("portsock procs user:www-data -l", "listeners of one user's programs"),
        ("portsock procs 10.0.0.0/8 --format mermaid", "who is connected to that network"),
    ),
    "explain": (
        ("portsock explain 8080", "what uses it, and could I bind it"),
        ("portsock explain 10.0.0.5:443 --brief", "in one sentence"),
        ("portsock explain TIME_WAIT", "what the state means, here and now"),
    ),
    "diff": (
        ("portsock diff mon.json", "what has changed since"),
        ("portsock diff --connections mon.json tue.json", "with connections"),
        ("portsock diff mon/ tue/", "a file a host"),
    ),
    "check": (
        ("portsock check --write > policy.yaml", "a policy of what listens now"),
        ("portsock check policy.yaml", "does it still hold"),
        ("portsock check policy.yaml --format junit", "for a CI system"),
    ),
}
"""Command → (what to type, what it shows)."""
