"""The HTTP edge: turns requests into use-case calls and answers back into HTTP. Decides nothing."""
