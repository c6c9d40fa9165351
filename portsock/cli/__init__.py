"""The Typer commands: options, one file per subcommand, errors into exit codes."""
