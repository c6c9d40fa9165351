"""What changed between two snapshots of a host. Pure: snapshots in, changes and gaps out."""
