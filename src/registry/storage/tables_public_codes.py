"""Tables of verification codes, extracts and share links; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
