"""The kernel as the judge of what portsock.reach says: namespaces, random rulesets, real first packets, and a comparison."""
