"""A table that never cuts short what a reader must type or compare (a code, a fingerprint): on a narrow screen it folds."""

from __future__ import annotations

from typing import Any

from rich import table


class Table(table.Table):
    """rich's table; a word that is wider than its column goes on in the next line instead of ending in an ellipsis."""

    def __init__(self, *headers: str, **options: Any) -> None:
        super().__init__(*(table.Column(header, overflow="fold") for header in headers), **options)

    def add_column(self, *arguments: Any, **options: Any) -> None:
        """As rich does it, folding unless something else is asked for."""
        super().add_column(*arguments, **{"overflow": "fold", **options})
