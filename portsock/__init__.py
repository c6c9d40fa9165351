"""portsock: which process owns which socket on which port, and why."""

__version__ = "0.1.0"
