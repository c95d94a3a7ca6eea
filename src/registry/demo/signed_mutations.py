"""Rules that only signatures can break: transcripts signed by one fewer, by another person, or under a policy that asks for more.

As with `registry.demo.mutations`, what to expect follows from how each was made, and whoever judges is not asked here. One
non-public school, whose certificates all name their holders, signs for every grade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from registry.core.ids import SchoolYear
from registry.core.trust import Algorithm, Hierarchy, Ownership, Policy, PolicyRow, Role, School, TrustList
from registry.demo import city, people, rule_cases, signers, transcripts
from registry.demo.mutable import Expected
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner
from registry.demo.transcripts import Document
from registry.formats import trust_files

#: When all of them are received and judged.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_FROM = signers.CERTIFICATES_FROM - timedelta(days=9000)
_SCHOOL = DemoSchool(
    "79771901", "Trường Tư thục Thử nghiệm", Ownership.NON_PUBLIC, 0, "vendor-a", 6, "2024-2025", ("6A",)
)
#: A policy that no certificate of the synthetic city is issued under.
_OID = "1.3.6.1.4.1.99999.77"
_PLAIN = tuple(PolicyRow(role, Ownership.NON_PUBLIC, Hierarchy.PUBLIC, frozenset(Algorithm), _FROM) for role in Role)


@dataclass(frozen=True, slots=True)
class Case:
    """A signed transcript, under which policy it is to be judged, and what that must give (nothing for a good one)."""

    name: str
    grade: int
    raw: bytes
    policy: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class _Way:
    """How one is signed: by whom of the three, what the document says of them, and under which policy."""

    name: str
    policy: str = "plain"
    absent: Role | None = None
    change: Callable[[Random, Document], None] | None = None
    expected: tuple[str, str] | None = None


@dataclass(frozen=True)
class Signatures:
    """The school's certificates and the policies."""

    trust: signers.DemoTrust

    @classmethod
    def make(cls) -> Signatures:
        """With fresh keys."""
        return cls(signers.make_trust((_SCHOOL,), flawless=True))

    @cached_property
    def trust_lists(self) -> Mapping[str, TrustList]:
        """What is trusted, by the name of the policy."""
        found = trust_files.read(self.trust.files(NOW))
        found.schools = [School(_SCHOOL.code, _SCHOOL.name, _SCHOOL.ownership, _FROM)]
        return {name: found.trust_list(policy) for name, policy in _policies().items()}

    def every(self, seed: int, at_least: int) -> Iterator[Case]:
        """Cases of all kinds over all grades, at least so many broken ones; the same seed breaks the same."""
        rng, made = Random(seed), 0
        while made < at_least:
            for grade in rule_cases.FIRST:
                for way in _WAYS:
                    made += way.expected is not None
                    yield self._case(rng, grade, way)

    def _case(self, rng: Random, grade: int, way: _Way) -> Case:
        document = _good(rng, grade)
        if way.change is not None:
            way.change(rng, document)
        by = [signer for signer in self._signers() if signer.role is not way.absent]
        raw = city.sign_document(document, by, rng.choice(("json", "xml")))
        return Case(way.name, grade, raw, way.policy, frozenset({way.expected} if way.expected else ()))

    def _signers(self) -> Sequence[DemoSigner]:
        teacher = self.trust.teachers[_SCHOOL.code, _SCHOOL.classes[0]]
        return teacher, self.trust.principals[_SCHOOL.code], self.trust.seals[_SCHOOL.code]


def _policies() -> Mapping[str, Policy]:
    """One that the school's signers satisfy, and for each role one that asks for a certificate policy, and for a time-stamp."""
    found = {"plain": Policy("plain", _PLAIN)}
    for role in Role:
        for name, wanted in (("policies", {"policies": frozenset({_OID})}), ("time-stamp", {"time_stamp": True})):
            rows = tuple(replace(row, **wanted) if row.role is role else row for row in _PLAIN)
            found[f"{name} of {role.value}"] = Policy(name, rows)
    return found


def _good(rng: Random, grade: int) -> Document:
    """A good transcript of a year in which the circular and the certificates are in force."""
    facts = transcripts.school(Random(_SCHOOL.code), code=_SCHOOL.code, name=_SCHOOL.name)
    pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(2024 + rng.randrange(2)))
    teacher = transcripts.homeroom_teacher(_SCHOOL.code, _SCHOOL.classes[0])
    return transcripts.document(rng, pupil, facts, teacher=teacher)


def _another(wire: str) -> Callable[[Random, Document], None]:
    """The document names another person than signed."""

    def change(rng: Random, document: Document) -> None:
        before = document[wire]
        while document[wire] == before:
            document[wire] = people.personal_number(rng, sex=people.sex(rng), birth_year=rng.randint(1968, 1999))

    return change


_WAYS: tuple[_Way, ...] = (
    _Way("signed_well"),
    *(_Way(f"no_{r.value}", absent=r, expected=("signer-role-missing", "/signatures")) for r in Role),
    _Way("another_principal_named", change=_another("soddcngiamhieu"), expected=("signer-person", "/soddcngiamhieu")),
    _Way("another_teacher_named", change=_another("soddcngvcn"), expected=("signer-person", "/soddcngvcn")),
    *(
        _Way(f"policy_of_{r.value}", f"policies of {r.value}", expected=("certificate-policy", f"/signatures/{n}"))
        for n, r in enumerate(Role)
    ),
    *(
        _Way(f"time_stamp_of_{r.value}", f"time-stamp of {r.value}", expected=("signer-time-stamp", f"/signatures/{n}"))
        for n, r in enumerate(Role)
    ),
)  # fmt: skip
