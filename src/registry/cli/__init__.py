"""Commands of operators and vendors: argv to one use-case call and back (typer, rich)."""
