"""Making a database fit to work on: this version's schema, and the mark of the sealing key. Done by whoever starts the service."""

from __future__ import annotations

import logging

from registry.storage import generation, migrating, upkeep
from registry.storage.database import Database
from registry.storage.sealing import Sealer

log = logging.getLogger(__name__)


async def prepare(service_url: str, owner_url: str, sealer: Sealer) -> None:
    """Bring the database to this version's schema as its owner, then bind it to the sealing key as the service.

    A schema newer than this version's is left as it is. Raises SealBrokenError when what is stored was sealed under another key,
    Refusal(service-database) or the driver's own errors when the server is away.
    """
    owner, service = Database(owner_url, role=None, pool_size=1), Database(service_url, pool_size=1)
    try:
        async with owner.snapshot() as tx:
            present = await upkeep.revision(tx)
        if present is None or present in upkeep.older_revisions():
            await migrating.upgrade(owner_url)
        elif present != migrating.newest():
            log.warning("the schema is newer than this version of the service: left as it is")
        async with service.transaction() as tx:
            await generation.note_sealing_key(tx, sealer.key_id)
    finally:
        await owner.close()
        await service.close()
