"""Rows into text: tables, JSON, colors, widths, the escaping of hostile names."""
