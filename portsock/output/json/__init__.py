"""The JSON contract, schema portsock/1: the one place that writes JSON."""
