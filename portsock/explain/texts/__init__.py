"""The texts of explain, as data: one module for each kind of thing, most keyed by the members of an enum."""
