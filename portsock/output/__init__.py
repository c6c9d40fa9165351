"""Write rows and answers as text: tables, JSON, CSV."""
