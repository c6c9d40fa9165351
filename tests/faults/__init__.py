"""The fault matrix: every system call of a run of portsock fails once with each plausible error, by strace(1).

`python -m tests.faults` runs it, as root. See judge.py for what must hold.
"""
