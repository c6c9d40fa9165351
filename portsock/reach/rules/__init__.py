"""What rules do to a packet: values, matches, verdicts, chains."""
