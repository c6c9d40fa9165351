"""What explain knows, as data: one module for each kind of thing, each keyed by the members of an enum."""
