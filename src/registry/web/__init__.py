"""Pages for people, made on the server: Vietnamese first, English second. The same use cases as `registry.api`, and nothing decided."""
