"""A small city for tests: one public primary school, one public and one non-public lower secondary, with all certificates.

Made once for a test session, since RSA keys are slow to make; nothing in it changes between tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any

from sqlalchemy import insert

from registry.core import units as unit_values
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.ids import SchoolYear
from registry.core.trust import Ownership, Role, School, TrustList
from registry.demo import pki, signers, transcripts
from registry.demo.city import sign, signing_day
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner, DemoTrust
from registry.formats import trust_files
from registry.services import policies, trust
from registry.services.world import World
from registry.storage import generation
from registry.storage import policies as stored_policies
from registry.storage import units as stored_units
from registry.storage.tables import caller as caller_table
from registry.storage.tables import caller_unit

PRIMARY = DemoSchool("79771101", "Tiểu học A", Ownership.PUBLIC, 0, "vendor-a", 1, "2023-2024", ("1A",))
SECONDARY = DemoSchool("79771501", "THCS B", Ownership.PUBLIC, 1, "vendor-a", 6, "2024-2025", ("6A",))
PRIVATE = DemoSchool("79771508", "THCS Tư thục C", Ownership.NON_PUBLIC, 2, "vendor-b", 6, "2024-2025", ("6A",))
SCHOOLS = (PRIMARY, SECONDARY, PRIVATE)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
Document = dict[str, Any]


@dataclass(frozen=True)
class SmallCity:
    """The schools' trust material and a maker of signed transcripts."""

    trust: DemoTrust

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The trust folder; its revocation lists are fresh at NOW."""
        return self.trust.files(NOW)

    @cached_property
    def trust_list(self) -> TrustList:
        """The same as a value, with the schools."""
        found = trust_files.read(self.files)
        long_ago = NOW - timedelta(days=9000)
        found.schools = [School(s.code, s.name, s.ownership, long_ago) for s in SCHOOLS]
        return found.trust_list(policies.default())

    def signers_of(self, school: DemoSchool) -> list[DemoSigner]:
        """Teacher, principal, seal."""
        teacher = self.trust.teachers[school.code, school.classes[0]]
        return [teacher, self.trust.principals[school.code], self.trust.seals[school.code]]

    def document(self, school: DemoSchool = PRIMARY, seed: int = 1, **choices: Any) -> Document:
        """A valid document of a pupil that the seed decides on."""
        rng = Random(f"{school.code}/{seed}")
        facts = transcripts.school(Random(school.code), code=school.code, name=school.name)
        year = SchoolYear(int(school.school_year[:4]))
        choices = {"teacher": transcripts.homeroom_teacher(school.code, school.classes[0]), **choices}
        pupil = transcripts.pupil(rng, grade=school.grade, school_year=year, pupil_code=f"{school.code[-5:]}{seed:05d}")
        return transcripts.document(rng, pupil, facts, class_name=school.classes[0], **choices)

    def signed(
        self, document: Document | None = None, school: DemoSchool = PRIMARY, by: Sequence[DemoSigner] | None = None
    ) -> bytes:
        """The document signed by teacher, principal and seal of the school, or by others."""
        document = document or self.document(school)
        return self.signed_bytes(transcripts.to_bytes(document), by or self.signers_of(school), document)

    def signed_bytes(self, payload: bytes, by: Sequence[DemoSigner], document: Document | None = None) -> bytes:
        """Any payload, signed on the day of issue."""
        return sign(payload, list(by), signing_day(document or self.document()))


@cache
def small_city() -> SmallCity:
    """The city of this test session."""
    made = signers.make_trust(SCHOOLS, flawless=True)
    return SmallCity(made)


def vendor(*schools: DemoSchool, caller_id: str = "vendor-a") -> Caller:
    """A vendor for these schools, as the register knows it."""
    codes = frozenset(s.code for s in schools)
    units = frozenset(f"school:{code}" for code in codes)
    return Caller(caller_id, CallerKind.VENDOR, caller_id, frozenset({Scope.SUBMIT}), frozenset(), units, codes, {})


async def settle(world: World, city: SmallCity, *callers: Caller, lists: bool = True) -> None:
    """Put schools, trust material, policy and callers into the database; without `lists` no revocation list is known."""
    files = city.files if lists else {name: raw for name, raw in city.files.items() if not name.startswith("crls/")}
    long_ago = NOW - timedelta(days=9000)
    async with world.db.transaction() as tx:
        units = [unit_values.Unit("city:79", "city", "Thành phố", long_ago)]
        units += [unit_values.Unit(f"school:{s.code}", "school", s.name, long_ago) for s in SCHOOLS]
        await stored_units.add_units(tx, units)
        await stored_units.add_parts(tx, [unit_values.Part("city:79", f"school:{s.code}", long_ago) for s in SCHOOLS])
        await stored_units.add_schools(tx, [(s.code, s.ownership) for s in SCHOOLS])
        await stored_policies.add(tx, policies.default(), NOW)
        for each in callers:
            row = {"caller_id": each.caller_id, "kind": each.kind, "name": each.name, "scopes": sorted(each.scopes),
                   "purposes": sorted(each.purposes), "created_at": long_ago}  # fmt: skip
            await tx.execute(insert(caller_table).values(row))
            places = [{"caller_id": each.caller_id, "unit_code": unit, "added_at": long_ago} for unit in each.units]
            if places:
                await tx.execute(insert(caller_unit).values(places))
        await generation.move(tx)
    report = await trust.import_files(world, files, NOW, unlisted_anchors=True)
    assert not report.problems, report.problems


def another_signer(city: SmallCity, role: Role, school: DemoSchool, issuer: pki.Authority) -> DemoSigner:
    """A signer of the school whose certificate another CA issued; not registered."""
    key = pki.new_key("p256")
    certificate = issuer.issue_leaf(
        pki.name(f"Người ký {role.value}"), key.public_key(), signers.CERTIFICATES_FROM, signers.CERTIFICATES_TO
    )
    return DemoSigner(role, school.code, certificate, issuer, key)
