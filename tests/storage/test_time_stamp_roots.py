"""Roots of time-stamping come in like other anchors, and stay apart from the two hierarchies."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core.trust import Hierarchy
from registry.demo import pki
from registry.services import trust
from registry.services.world import World
from registry.storage import trust as stored
from tests.small_city import NOW

pytestmark = pytest.mark.anyio


async def test_a_root_of_time_stamping_is_stored_as_one(world: World) -> None:
    days = timedelta(days=3000)
    root = pki.Authority.make_root(pki.name("Root dấu thời gian"), NOW - days, NOW + days, key=pki.new_key("p256"))
    files = {
        "anchors/timestamp/root.pem": root.certificate.public_bytes(Encoding.PEM),
        "crls/root.crl": root.crl(NOW - timedelta(days=1), NOW + timedelta(days=1)),
    }
    report = await trust.import_files(world, files, NOW, unlisted_anchors=True)
    assert (report.anchors, report.revocation_lists, report.problems) == (1, 1, [])
    async with world.db.snapshot() as tx:
        loaded = await stored.load(tx, 1)
    assert [(a.fingerprint, a.hierarchy) for a in loaded.anchors] == [(sha256(root.der).digest(), Hierarchy.TIME_STAMP)]
