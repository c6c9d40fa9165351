"""Pictures of who talks to whom, for Mermaid and Graphviz."""
