"""The synthetic Quận 10: schools, pupils, rosters, signed transcripts, and the faults planted among them.

Everything but keys and signatures comes from one seed. What is planted is counted while it is planted, so that the
registry's answers can be compared with the truth, number by number.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from random import Random

from registry.client import signing
from registry.core.ids import SchoolYear
from registry.demo import faults, schools, transcripts
from registry.demo.faults import Fault
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner, DemoTrust


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil on a roster; `has_number` is what the roster says."""

    facts: transcripts.PupilFacts
    class_name: str
    has_number: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file a vendor sends, and what should become of it."""

    vendor: str
    school: DemoSchool
    pupil_code: str
    envelope: bytes
    fault: Fault | None
    summer: bool = False  # the pupil is to train or to be assessed again in summer

    @property
    def suffix(self) -> str:
        """By which a reader knows the syntax."""
        return ".signed.xml" if self.envelope.startswith(b"<") else ".jose.json"

    @property
    def name(self) -> str:
        """A file name without personal data."""
        return f"{self.school.code}-{self.pupil_code}{f'-{self.fault.slug}' if self.fault else ''}{self.suffix}"


@dataclass(slots=True)
class City:
    """What the demo plays with; `expected` counts buckets by school as they were planted, `fates` names them by (school, pupil).

    `correction` makes a second version of the first good transcript, for when all others have been sent.
    """

    trust: DemoTrust
    forms: Mapping[str, str]  # the syntax each vendor signs in
    rosters: dict[str, list[Pupil]] = field(default_factory=dict)
    jobs: list[Callable[[], Delivery]] = field(default_factory=list)
    expected: dict[str, Counter[str]] = field(default_factory=dict)
    fates: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    correction: Callable[[], Delivery] | None = None

    def deliveries(self) -> Iterator[Delivery]:
        """Every file, signed as it is asked for."""
        return (job() for job in self.jobs)


def make_city(
    trust: DemoTrust,
    *,
    pupils: int = 3000,
    seed: int = 10,
    plan: faults.Plan | None = None,
    forms: Mapping[str, str] = schools.FORMS,
) -> City:
    """A city of that many pupils over all schools and classes; `trust` comes from `signers.make_trust`.

    `plan` says which faults to plant (default: those of `faults.plan`, which go with the vendors' own `forms`).
    """
    rng = Random(seed)
    city = City(trust, forms)
    everywhere = [(school, class_name) for school in schools.all_schools() for class_name in school.classes]
    sizes = [pupils // len(everywhere) + (1 if i < pupils % len(everywhere) else 0) for i in range(len(everywhere))]
    plan = plan or faults.plan(schools.all_schools())
    for (school, class_name), size in zip(everywhere, sizes, strict=True):
        _add_class(city, rng, school, class_name, size, plan)
    return city


def _add_class(city: City, rng: Random, school: DemoSchool, class_name: str, size: int, plan: faults.Plan) -> None:
    roster = city.rosters.setdefault(school.code, [])
    counted = city.expected.setdefault(school.code, Counter())
    commune = schools.COMMUNE_NAMES[school.commune]
    facts = transcripts.school(
        Random(school.code),
        code=school.code,
        name=school.name,
        commune=commune,
        commune_code=schools.COMMUNES[school.commune],
    )
    teacher = transcripts.homeroom_teacher(school.code, class_name)
    for position in range(size):
        fault = plan.fault_of(school.code, class_name, position)
        pupil_code = f"79{school.code[-3:]}{len(roster):05d}"
        year = SchoolYear(int(school.school_year[:4]))
        made = _unlike_others(
            city.numbers, partial(transcripts.pupil, rng, grade=school.grade, school_year=year, pupil_code=pupil_code)
        )
        roster.append(Pupil(made, class_name, has_number=fault not in (faults.NO_NUMBER, faults.NO_NUMBER_SILENT)))
        bucket = city.fates[school.code, pupil_code] = fault.bucket if fault else "present"
        counted[bucket] += 1
        seed = rng.getrandbits(64)
        if fault is None or fault.sent:
            city.jobs.append(_job(city, seed, school, facts, made, class_name, teacher, fault))
        if fault is None and city.correction is None:
            city.correction = _job(city, seed, school, facts, made, class_name, teacher, faults.CORRECTED)
        if fault is None and plan.intrudes(school.code, class_name, position):
            city.jobs.append(_intrusion(city, seed, school, facts, made, class_name, teacher))


def _unlike_others(numbers: set[str], make: Callable[[], transcripts.PupilFacts]) -> transcripts.PupilFacts:
    """A pupil whose number nobody has: two with one number would be a fault that nobody planted."""
    made = make()
    while made.number in numbers:
        made = make()
    numbers.add(made.number)
    return made


def _job(
    city: City, seed: int, school: DemoSchool, facts: transcripts.SchoolFacts, pupil: transcripts.PupilFacts,
    class_name: str, teacher: tuple[str, str], fault: Fault | None,
) -> Callable[[], Delivery]:  # fmt: skip
    def make() -> Delivery:
        document = transcripts.document(Random(seed), pupil, facts, class_name=class_name, teacher=teacher)
        if fault is not None:
            document = fault.change(document)
        signers = [
            city.trust.teachers[school.code, class_name],
            city.trust.principals[school.code],
            city.trust.seals[school.code],
        ]
        if fault is not None:
            signers = fault.signers(signers, city.trust, school)
        envelope = sign_document(document, signers, city.forms[school.vendor])
        if fault is not None:
            envelope = fault.spoil(envelope)
        return Delivery(school.vendor, school, pupil.pupil_code, envelope, fault, _summer(document))

    return make


def _summer(document: transcripts.Document) -> bool:
    """TT 27/2020 art. 11, TT 22/2021 art. 13 and 14: not promoted for CHT, or for CĐ in conduct or learning of the year."""
    year = (document.get("xeploai"), document.get("canam"), document.get("renluyencanam"))
    return not document["duoclenlop"] and ("CHT" in year or "CĐ" in year)


def _intrusion(
    city: City, seed: int, school: DemoSchool, facts: transcripts.SchoolFacts, pupil: transcripts.PupilFacts,
    class_name: str, teacher: tuple[str, str],
) -> Callable[[], Delivery]:  # fmt: skip
    """The competing vendor sends a good transcript of a school that is not its own."""

    def make() -> Delivery:
        good = _job(city, seed, school, facts, pupil, class_name, teacher, None)()
        other = next(vendor for vendor in schools.VENDORS if vendor != school.vendor)
        return Delivery(other, school, pupil.pupil_code, good.envelope, faults.OTHER_VENDOR)

    return make


def sign_document(document: transcripts.Document, signers: list[DemoSigner], form: str) -> bytes:
    """The document signed in that syntax ("json" or "xml") on the day of issue."""
    if form == "json":
        return sign(transcripts.to_bytes(document), signers, signing_day(document))
    keys = [signer.signing_key for signer in signers]
    hours, roles = _hours(signing_day(document), len(keys)), [signer.role.value for signer in signers]
    return signing.sign_transcript_xml(transcripts.to_bytes(document), keys, hours, roles)


def sign(payload: bytes, signers: list[DemoSigner], day: date) -> bytes:
    """Teacher, principal and seal sign one after the other on the day of issue, at nine, ten and eleven in the city."""
    keys = [signer.signing_key for signer in signers]
    return signing.sign_transcript(payload, keys, _hours(day, len(keys)))


def _hours(day: date, count: int) -> list[datetime]:
    start = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    return [start + timedelta(hours=hour) for hour in range(count)]


def signing_day(document: transcripts.Document) -> date:
    """The day of issue the document names."""
    return date.fromisoformat(document["ngaykyphathanh"])


def roster_csv(pupils: list[Pupil]) -> bytes:
    """A roster as the city's database exports it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("mahocsinh", "hovaten", "tenlop", "ngaysinh", "gioitinh", "sodinhdanh"))
    for pupil in pupils:
        facts = pupil.facts
        sex = "1" if facts.sex.value in ("male", "1") else "2"
        number = facts.number if pupil.has_number else ""
        writer.writerow((facts.pupil_code, facts.name, pupil.class_name, facts.birth.isoformat(), sex, number))
    return text.getvalue().encode()


def fingerprint(envelope: bytes) -> str:
    """SHA-256 of a file as received, in hex: how an office may ask for it."""
    return sha256(envelope).hexdigest()
