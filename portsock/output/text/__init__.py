"""Tables, CSV and prose; widths, colors, and the escaping of hostile names."""
