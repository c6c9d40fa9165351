"""What it is, why it is so, what follows: knowledge as data, rules, the bind verdict."""
