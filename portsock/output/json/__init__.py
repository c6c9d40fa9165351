"""The JSON contract, schema portsock/1."""
