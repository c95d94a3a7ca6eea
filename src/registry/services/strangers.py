"""Who has no sign-in and tries codes and links: what was tried in vain is counted for all processes of the service together."""

from __future__ import annotations

from datetime import datetime

from registry.services.world import World
from registry.storage import strangers

_USE = "address"


async def missed(world: World, address: str, now: datetime) -> int:
    """Count one try in vain of an address; how many it has within this minute, at whichever process. The address is not kept."""
    async with world.db.hot() as tx:
        return await strangers.count(tx, world.sealer.secret_index(_USE, address.encode()), now)
