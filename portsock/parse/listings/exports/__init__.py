"""Sockets as other tools export them: JSON, CSV, tables of PowerShell, osquery, TCPView, CurrPorts, jc."""
