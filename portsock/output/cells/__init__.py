"""Values as the text of a cell."""
